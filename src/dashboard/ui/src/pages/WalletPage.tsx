import { Badge, Button, Card, Group, Modal, NumberInput, SimpleGrid, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { Coins, Lock, Plus, ReceiptText, Zap } from "lucide-react";
import { useState, type SubmitEvent } from "react";
import { newKey, post, statusOfError } from "../api/client";
import { Intent } from "../api/intent";
import { keys, queryClient, useEntries, useWallet } from "../api/queries";
import { useUser } from "../api/useUser";
import type { WalletEntry } from "../api/types";
import { Stat } from "../parts/Stat";
import { clock, full } from "../parts/time";
import { Empty, PageTitle, tellDone, Trouble, Waiting } from "../parts/Trouble";
import { entrySign } from "../stream/apply";

export function WalletPage() {
  const wallet = useWallet();
  const user = useUser();
  const [opened, { open, close }] = useDisclosure(false);
  const number = (n: number | undefined) => (n === undefined ? "–" : n.toLocaleString());
  return (
    <>
      <PageTitle title="Wallet" text="A token is held when a message is accepted, and spent when WhatsApp takes it.">
        {user?.role === "admin" && (
          <Button leftSection={<Plus size={16} />} onClick={open} data-testid="top-up">
            Top up
          </Button>
        )}
      </PageTitle>
      <Modal opened={opened} onClose={close} title={<b>Top up</b>}>
        <TopUp onClose={close} />
      </Modal>
      {wallet.error !== null && <Trouble error={wallet.error} retry={() => void wallet.refetch()} />}
      <SimpleGrid cols={{ base: 2, xs: 3 }} spacing={{ base: "sm", sm: "md" }} mb="lg">
        <Stat
          name="Available"
          icon={Coins}
          value={number(wallet.data?.available)}
          testId="wallet-available"
          note={wallet.data && `Warned below ${number(wallet.data.low_threshold)}`}
        />
        <Stat name="Held" icon={Lock} color="blue" value={number(wallet.data?.held)} testId="wallet-held" note="For messages on their way" />
        <Stat name="Spent today" icon={Zap} color="grape" value={number(wallet.data?.spent_today)} note="Messages that were sent" />
      </SimpleGrid>
      <Entries />
    </>
  );
}

const KINDS: Record<WalletEntry["kind"], { label: string; color: string }> = {
  top_up: { label: "Top-up", color: "zap" },
  hold: { label: "Held", color: "blue" },
  post: { label: "Spent", color: "grape" },
  void: { label: "Given back", color: "gray" },
};

const SIGNS = { "-1": "−", "0": "", "1": "+" } as const;

function Entries() {
  const query = useEntries();
  const entries = query.data?.pages.flatMap((p) => p.data) ?? [];
  return (
    <Card p={0}>
      <Title order={2} fz="md" px="md" py="sm">
        Entries
      </Title>
      {query.isPending && <Waiting />}
      {query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {query.isSuccess && entries.length === 0 && <Empty icon={<ReceiptText size={30} />} title="No entries yet" />}
      {entries.length > 0 && (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>When</Table.Th>
              <Table.Th>What</Table.Th>
              <Table.Th visibleFrom="sm">For</Table.Th>
              <Table.Th ta="right">Tokens</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {entries.map((entry) => (
              <Table.Tr key={entry.id} data-testid="wallet-entry" data-kind={entry.kind}>
                <Table.Td className="numbers" title={full(entry.created_at)}>
                  {clock(entry.created_at)}
                </Table.Td>
                <Table.Td>
                  <Badge variant="light" tt="none" color={KINDS[entry.kind].color}>
                    {KINDS[entry.kind].label}
                  </Badge>
                </Table.Td>
                <Table.Td visibleFrom="sm">
                  <Text fz="sm" className={entry.message === null ? undefined : "code"}>
                    {entry.message ?? entry.note ?? ""}
                  </Text>
                </Table.Td>
                <Table.Td ta="right" className="numbers" fw={600}>
                  {SIGNS[`${entrySign(entry.kind)}`]}
                  {entry.amount.toLocaleString()}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {query.hasNextPage && (
        <Group justify="center" p="sm">
          <Button variant="subtle" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Earlier entries
          </Button>
        </Group>
      )}
    </Card>
  );
}

function TopUp({ onClose }: { onClose: () => void }) {
  const [amount, setAmount] = useState<number | string>(500);
  const [note, setNote] = useState("");
  const [intent] = useState(() => new Intent(newKey));
  const topUp = useMutation({
    mutationFn: () => {
      const body = { amount: Number(amount), ...(note.trim() === "" ? {} : { note: note.trim() }) };
      return post("/v1/wallet/topups", body, intent.keyFor(body));
    },
    onError: (error) => intent.failed(statusOfError(error)),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: keys.wallet });
      void queryClient.invalidateQueries({ queryKey: keys.entries });
      tellDone(`${Number(amount).toLocaleString()} tokens added.`);
      onClose();
    },
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    topUp.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {topUp.error !== null && <Trouble error={topUp.error} />}
        <NumberInput
          label="Tokens"
          required
          min={1}
          allowDecimal={false}
          allowNegative={false}
          thousandSeparator=" "
          value={amount}
          onChange={setAmount}
          data-autofocus
          data-testid="top-up-amount"
        />
        <TextInput label="Note" placeholder="Optional" maxLength={200} value={note} onChange={(e) => setNote(e.currentTarget.value)} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={topUp.isPending} disabled={!(Number(amount) > 0)} data-testid="top-up-submit">
            Add tokens
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
