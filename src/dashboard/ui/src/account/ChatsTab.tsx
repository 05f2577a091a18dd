import { Button, Card, Group, ScrollArea, Text, TextInput, UnstyledButton } from "@mantine/core";
import { MessageSquarePlus, MessagesSquare, Search } from "lucide-react";
import { useMemo, useState } from "react";
import { useMessages } from "../api/queries";
import type { Account } from "../api/types";
import { conversations, phoneOf, type Conversation } from "../stream/apply";
import { Face } from "../parts/Face";
import { clock } from "../parts/time";
import { Empty, Trouble, Waiting } from "../parts/Trouble";
import { ChatPane } from "./ChatPane";
import { StatusIcon } from "./MessageStatus";
import { useOutgoing } from "./outgoing";

/** The account's conversations beside the one that is open, or beside a new one. */
export function ChatsTab({ account }: { account: Account }) {
  const query = useMessages(account.id);
  const [open, setOpen] = useState<string | null>(null);
  const [fresh, setFresh] = useState(false);
  const [search, setSearch] = useState("");
  const all = useMemo(() => conversations(query.data?.pages.flatMap((p) => p.data) ?? []), [query.data]);
  const wanted = search.trim().toLowerCase();
  const shown = all.filter((c) => `${c.name} ${phoneOf(c.chat)}`.toLowerCase().includes(wanted));
  const chat = all.find((c) => c.chat === open);

  const choose = (id: string | null) => {
    setOpen(id);
    setFresh(id === null);
  };

  // A text written to a new number opens that chat; one written elsewhere meanwhile is left alone.
  const outgoing = useOutgoing(account.id, (accepted) => setOpen((now) => now ?? accepted));

  return (
    <Card p={0}>
      <div className="chat" data-open={open !== null || fresh || all.length === 0}>
        <div className="chat-list">
          <Group p="sm" gap="xs" wrap="nowrap">
            <TextInput
              placeholder="Find a chat"
              aria-label="Find a chat"
              leftSection={<Search size={15} />}
              value={search}
              onChange={(e) => setSearch(e.currentTarget.value)}
              flex={1}
            />
            <Button px="sm" aria-label="New chat" onClick={() => choose(null)} data-testid="new-chat">
              <MessageSquarePlus size={18} />
            </Button>
          </Group>
          <ScrollArea flex={1}>
            {query.isPending && <Waiting />}
            {query.error !== null && query.data === undefined && <Trouble error={query.error} retry={() => void query.refetch()} />}
            {query.isSuccess && shown.length === 0 && (
              <Empty icon={<MessagesSquare size={26} />} title={all.length === 0 ? "No chats yet" : "No such chat"} />
            )}
            {shown.map((c) => (
              <Item key={c.chat} conversation={c} current={c.chat === open} onOpen={() => choose(c.chat)} />
            ))}
            {query.hasNextPage && (
              <Button variant="subtle" fullWidth loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                Look further back
              </Button>
            )}
          </ScrollArea>
        </div>
        <ChatPane
          key={open ?? "new"}
          account={account}
          chat={open}
          name={chat?.name ?? (open === null ? "New chat" : phoneOf(open))}
          outgoing={outgoing}
          onBack={() => {
            setOpen(null);
            setFresh(false);
          }}
        />
      </div>
    </Card>
  );
}

function Item({ conversation, current, onOpen }: { conversation: Conversation; current: boolean; onOpen: () => void }) {
  const { last, name, chat } = conversation;
  return (
    <UnstyledButton className="chat-item" aria-current={current} onClick={onOpen} data-testid="chat-item" data-chat={chat}>
      <Face name={name} />
      <div style={{ minWidth: 0, flex: 1 }}>
        <Group justify="space-between" wrap="nowrap" gap="xs">
          <Text fz="sm" fw={600} truncate>
            {name}
          </Text>
          <Text fz={11} c="dimmed" className="numbers" style={{ whiteSpace: "nowrap" }}>
            {clock(last.created_at)}
          </Text>
        </Group>
        <Group gap={4} wrap="nowrap" c="dimmed">
          {last.direction === "outbound" && <StatusIcon status={last.status} />}
          <Text fz="xs" truncate>
            {last.text?.body ?? last.type}
          </Text>
        </Group>
      </div>
    </UnstyledButton>
  );
}
