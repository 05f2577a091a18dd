import { Button, Card, Group, Modal, Stack, Table, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Archive, ArchiveRestore } from "lucide-react";
import { useState } from "react";
import { post } from "../api/client";
import { keys, queryClient, useSnapshots } from "../api/queries";
import type { Account, Snapshot } from "../api/types";
import { size } from "../parts/size";
import { clock, full } from "../parts/time";
import { Empty, tellDone, tellTrouble, Trouble, Waiting } from "../parts/Trouble";

const AT_REST = new Set(["created", "stopped", "logged_out", "banned"]);

/** The encrypted snapshots of the account's profile: the link to the phone. */
export function VaultCard({ account }: { account: Account }) {
  const query = useSnapshots(account.id);
  const [chosen, setChosen] = useState<Snapshot | null>(null);
  const rests = AT_REST.has(account.state);
  const taking = useMutation({
    mutationFn: () => post<Snapshot>(`/v1/accounts/${account.id}/profile/snapshots`),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: keys.snapshots(account.id) });
      tellDone("The snapshot is taken.");
    },
    onError: (error) => tellTrouble("No snapshot was taken", error),
  });
  if (account.engine === "simulated") return null;
  return (
    <Card p={0} data-testid="vault">
      <Group justify="space-between" px="md" pt="md" pb="xs">
        <div>
          <Title order={2} fz="md">
            Snapshots of the profile
          </Title>
          <Text fz="sm" c="dimmed">
            Encrypted. One is put back by itself when the profile is damaged.{rests ? "" : " Stop the account to take or restore one."}
          </Text>
        </div>
        <Button variant="default" size="xs" leftSection={<Archive size={14} />} disabled={!rests} loading={taking.isPending} onClick={() => taking.mutate()}>
          Take one
        </Button>
      </Group>
      <Restoration account={account} snapshot={chosen} onClose={() => setChosen(null)} />
      {query.isPending && <Waiting lines={2} />}
      {query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {query.data?.length === 0 && (
        <Empty icon={<Archive size={30} />} title="No snapshot yet">
          <Text fz="sm">The first is taken some minutes after the account was linked.</Text>
        </Empty>
      )}
      {query.data !== undefined && query.data.length > 0 && (
        <Table>
          <Table.Tbody>
            {query.data.map((snapshot) => (
              <Table.Tr key={snapshot.id} data-testid="snapshot">
                <Table.Td title={full(snapshot.taken_at)} className="numbers one-line">
                  {clock(snapshot.taken_at)}
                </Table.Td>
                <Table.Td className="numbers one-line">{size(snapshot.stored_bytes)}</Table.Td>
                <Table.Td visibleFrom="sm">
                  <span className="code">{snapshot.id}</span>
                </Table.Td>
                <Table.Td ta="right">
                  <Button size="compact-xs" variant="subtle" leftSection={<ArchiveRestore size={14} />} disabled={!rests} onClick={() => setChosen(snapshot)}>
                    Restore
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Card>
  );
}

function Restoration({ account, snapshot, onClose }: { account: Account; snapshot: Snapshot | null; onClose: () => void }) {
  const restoring = useMutation({
    mutationFn: (id: string) => post(`/v1/accounts/${account.id}/profile/restore`, { snapshot: id }),
    onSuccess: () => {
      tellDone("The snapshot is in the place of the profile. Start the account to use it.");
      onClose();
    },
    onError: (error) => tellTrouble("The snapshot was not restored", error),
  });
  return (
    <Modal opened={snapshot !== null} onClose={onClose} title={<b>Put this snapshot back?</b>}>
      <Stack>
        <Text fz="sm">
          The profile of {account.name} becomes what it was {snapshot === null ? "" : `at ${clock(snapshot.taken_at)}`}. The profile that is there
          now is set aside.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button loading={restoring.isPending} onClick={() => snapshot !== null && restoring.mutate(snapshot.id)} data-testid="confirm">
            Restore
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
