import { Anchor, Badge, Card, SimpleGrid, Table, Text, Title } from "@mantine/core";
import { Clock, Server, Tag, TestTubeDiagonal } from "lucide-react";
import { Link } from "wouter";
import { useAccounts, useActors, useInfo } from "../api/queries";
import { Stat } from "../parts/Stat";
import { clock, full, span } from "../parts/time";
import { Empty, PageTitle, Trouble, Waiting } from "../parts/Trouble";

const COLORS: Record<string, string> = { running: "zap", starting: "blue", backoff: "orange", failed: "red", stopped: "gray" };

/** What runs inside, and what had to be restarted. */
export function SystemPage() {
  const info = useInfo();
  const actors = useActors();
  const names = new Map((useAccounts().data ?? []).map((a) => [a.id, a.name]));
  const rows = actors.data?.data ?? [];
  return (
    <>
      <PageTitle title="System" text="The actors of this node, and what had to be restarted." />
      {info.error !== null && <Trouble error={info.error} retry={() => void info.refetch()} />}
      {info.data && (
        <SimpleGrid cols={{ base: 2, lg: 4 }} spacing={{ base: "sm", sm: "md" }} mb="lg">
          <Stat name="Version" icon={Tag} value={<Short text={info.data.version} />} />
          <Stat name="Node" icon={Server} color="blue" value={<Short text={info.data.node} />} />
          <Stat name="Up for" icon={Clock} color="grape" value={span(info.data.uptime_seconds * 1000 + Date.now() - info.dataUpdatedAt)} />
          <Stat
            name="Sandbox"
            icon={TestTubeDiagonal}
            color="orange"
            value={info.data.sandbox_url === null ? "Off" : "On"}
            note={
              info.data.sandbox_url !== null && (
                <Anchor href={`${info.data.sandbox_url}/_/`} target="_blank" rel="noreferrer" fz="xs">
                  Open its phones
                </Anchor>
              )
            }
          />
        </SimpleGrid>
      )}
      <Card p={0}>
        <Title order={2} fz="md" px="md" py="sm">
          Actors
        </Title>
        {actors.isPending && <Waiting />}
        {actors.error !== null && <Trouble error={actors.error} retry={() => void actors.refetch()} />}
        {actors.isSuccess && rows.length === 0 && <Empty icon={<Server size={30} />} title="No actors" />}
        {rows.length > 0 && (
          <Table.ScrollContainer minWidth={640}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Actor</Table.Th>
                  <Table.Th>State</Table.Th>
                  <Table.Th ta="right">Generation</Table.Th>
                  <Table.Th ta="right">Restarts</Table.Th>
                  <Table.Th ta="right">Permits in use</Table.Th>
                  <Table.Th>Last exit</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rows.map((row) => (
                  <Table.Tr key={`${row.name} ${row.account ?? ""}`} data-testid="actor-row">
                    <Table.Td>
                      <Text fz="sm" fw={600}>
                        {row.name}
                      </Text>
                      {row.account !== null && (
                        <Anchor component={Link} href={`/accounts/${row.account}`} fz="xs">
                          {names.get(row.account) ?? row.account}
                        </Anchor>
                      )}
                    </Table.Td>
                    <Table.Td>
                      <Badge variant="light" tt="none" miw="max-content" color={COLORS[row.state] ?? "gray"}>
                        {row.state}
                      </Badge>
                    </Table.Td>
                    <Table.Td ta="right" className="numbers">
                      {row.generation}
                    </Table.Td>
                    <Table.Td ta="right" className="numbers">
                      {row.restarts}
                    </Table.Td>
                    <Table.Td ta="right" className="numbers">
                      {row.permits_in_use}
                    </Table.Td>
                    <Table.Td>
                      {row.last_exit === null ? (
                        <Text fz="sm" c="dimmed">
                          Never
                        </Text>
                      ) : (
                        <Text fz="sm" title={full(row.last_exit.at)}>
                          {row.last_exit.reason}, {clock(row.last_exit.at)}
                        </Text>
                      )}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Card>
    </>
  );
}

/** A word of unknown length in a place made for a figure. */
function Short({ text }: { text: string }) {
  return (
    <Text span inherit fz={18} lh="38px" truncate="end" display="block" title={text}>
      {text}
    </Text>
  );
}
