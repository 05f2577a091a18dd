import { Anchor, Badge, Card, Table, Text, Title } from "@mantine/core";
import { Server } from "lucide-react";
import type { CSSProperties } from "react";
import { Link } from "wouter";
import { useAccounts, useActors } from "../api/queries";
import type { ActorRow } from "../api/types";
import { sentence } from "../parts/sentence";
import { size } from "../parts/size";
import { clock, full } from "../parts/time";
import { arranged, type Branch } from "../parts/tree";
import { Empty, Trouble, Waiting } from "../parts/Trouble";

const STATES: Record<string, { color: string; label: string }> = {
  running: { color: "zap", label: "Running" },
  backing_off: { color: "orange", label: "Backing off" },
  failed: { color: "red", label: "Failed" },
  stopped: { color: "gray", label: "Stopped" },
};
/** More rows than this would only be scrolled past; the accounts' own pages have theirs. */
const SHOWN = 500;

/** The tree of supervised actors, as it lives now. */
export function ActorsCard() {
  const actors = useActors();
  const names = new Map((useAccounts().data ?? []).map((a) => [a.id, a.name]));
  const branches = arranged(actors.data?.data ?? []);
  return (
    <Card p={0}>
      <Title order={2} fz="md" px="md" py="sm">
        Actors
      </Title>
      {actors.isPending && <Waiting />}
      {actors.error !== null && <Trouble error={actors.error} retry={() => void actors.refetch()} />}
      {actors.isSuccess && branches.length === 0 && <Empty icon={<Server size={30} />} title="No actors" />}
      {branches.length > 0 && (
        <Table.ScrollContainer minWidth={780}>
          <Table verticalSpacing="xs">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Actor</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th ta="right">Starts</Table.Th>
                <Table.Th ta="right">Restarts</Table.Th>
                <Table.Th ta="right">Waiting</Table.Th>
                <Table.Th ta="right">Processor</Table.Th>
                <Table.Th ta="right">Memory</Table.Th>
                <Table.Th>Last end</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {branches.slice(0, SHOWN).map((branch) => (
                <Row key={`${branch.row.name} ${branch.row.account ?? ""}`} branch={branch} names={names} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {branches.length > SHOWN && (
        <Text fz="sm" c="dimmed" p="md">
          And {(branches.length - SHOWN).toLocaleString()} more.
        </Text>
      )}
    </Card>
  );
}

function Row({ branch: { row, depth }, names }: { branch: Branch; names: Map<string, string> }) {
  const state = STATES[row.state] ?? { color: "gray", label: sentence(row.state) };
  return (
    <Table.Tr data-testid="actor-row" data-depth={depth}>
      <Table.Td>
        <div className="branch" style={{ "--depth": depth } as CSSProperties}>
          <div>
            <Text fz="sm" fw={row.account === null ? 600 : 400} className="one-line">
              {row.account === null ? (
                row.name
              ) : (
                <Anchor component={Link} href={`/accounts/${row.account}/health`} inherit>
                  {names.get(row.account) ?? row.account}
                </Anchor>
              )}
            </Text>
            {row.strategy && (
              <Text fz="xs" c="dimmed" className="one-line">
                {row.strategy.replaceAll("_", " ")}
              </Text>
            )}
          </div>
        </div>
      </Table.Td>
      <Table.Td>
        <Badge variant="light" tt="none" miw="max-content" color={state.color}>
          {state.label}
        </Badge>
      </Table.Td>
      <Figure>{row.generation}</Figure>
      <Figure>{row.restarts}</Figure>
      <Figure>{waiting(row)}</Figure>
      <Figure>{row.cpu_percent === null || row.cpu_percent === undefined ? "" : `${row.cpu_percent.toFixed(1)} %`}</Figure>
      <Figure>{row.pss_bytes === null || row.pss_bytes === undefined ? "" : size(row.pss_bytes)}</Figure>
      <Table.Td>
        {row.last_exit === null ? (
          <Text fz="sm" c="dimmed">
            Never
          </Text>
        ) : (
          <Text fz="sm" title={`${row.last_exit.reason}\n${full(row.last_exit.at)}`} lineClamp={2} maw={280}>
            {sentence(row.last_exit.reason)}, {clock(row.last_exit.at)}
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

/** What is carried out, and what waits behind it. */
function waiting(row: ActorRow): string {
  const queue = row.queue_depth ?? 0;
  return queue > 0 ? `${row.permits_in_use} + ${queue}` : String(row.permits_in_use);
}

function Figure({ children }: { children: string | number }) {
  return (
    <Table.Td ta="right" className="numbers one-line">
      {children}
    </Table.Td>
  );
}
