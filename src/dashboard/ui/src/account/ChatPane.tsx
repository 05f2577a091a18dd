import { ActionIcon, Button, Group, Text, TextInput, Tooltip } from "@mantine/core";
import { ArrowLeft, Dices } from "lucide-react";
import { Fragment, useState } from "react";
import { useInfo, useMessages } from "../api/queries";
import { proposePhone } from "../api/sandbox";
import type { Account, Message } from "../api/types";
import { digitsOf, phoneOf } from "../stream/apply";
import { Face } from "../parts/Face";
import { clock, day } from "../parts/time";
import { Trouble, Waiting } from "../parts/Trouble";
import { Composer } from "./Composer";
import { MessageStatus } from "./MessageStatus";
import { PendingBubble, type Outgoing } from "./outgoing";
import { SandboxReply } from "./SandboxReply";

interface Props {
  account: Account;
  /** The chat shown; null to begin a new one. */
  chat: string | null;
  name: string;
  outgoing: Outgoing;
  onBack: () => void;
}

/** One conversation, live, with the field to write into it. */
export function ChatPane({ account, chat, name, outgoing, onBack }: Props) {
  const [to, setTo] = useState("");
  const sandbox = useInfo().data?.sandbox_url ?? null;
  const target = digitsOf(chat ?? to);
  const pending = outgoing.pending.filter((p) => digitsOf(p.to) === target);
  return (
    <section className="chat-pane" aria-label={name}>
      <Group className="chat-head" gap="sm" wrap="nowrap">
        <ActionIcon variant="subtle" color="gray" hiddenFrom="sm" aria-label="Back to the chats" onClick={onBack}>
          <ArrowLeft size={18} />
        </ActionIcon>
        {chat === null ? (
          <NewNumber to={to} onChange={setTo} propose={sandbox !== null} />
        ) : (
          <>
            <Face name={name} />
            <div>
              <Text fw={600} fz="sm" lh={1.2}>
                {name}
              </Text>
              {name !== phoneOf(chat) && (
                <Text fz="xs" c="dimmed">
                  {phoneOf(chat)}
                </Text>
              )}
            </div>
          </>
        )}
      </Group>
      <div className="chat-scroll" role="log" tabIndex={0} aria-label="Messages" data-testid="messages">
        {pending.map((p) => (
          <PendingBubble key={p.id} pending={p} onRetry={() => outgoing.retry(p)} onDrop={() => outgoing.drop(p)} />
        ))}
        {chat !== null && <History account={account.id} chat={chat} />}
      </div>
      <div className="chat-foot">
        <Composer account={account} to={chat ?? to} onSend={outgoing.send} />
        {sandbox !== null && chat !== null && account.phone !== null && (
          <SandboxReply sandbox={sandbox} chat={chat} to={account.phone} />
        )}
      </div>
    </section>
  );
}

/** Whom a new chat is with; in the sandbox any number answers, so one can be proposed. */
function NewNumber({ to, onChange, propose }: { to: string; onChange: (to: string) => void; propose: boolean }) {
  return (
    <>
      <TextInput
        flex={1}
        variant="unstyled"
        aria-label="To (phone number with country code)"
        placeholder="To: country code and number"
        inputMode="tel"
        value={to}
        onChange={(e) => onChange(e.currentTarget.value)}
        data-testid="composer-to"
      />
      {propose && (
        <Tooltip label="Any sandbox phone">
          <ActionIcon variant="light" size="lg" aria-label="Any sandbox phone" onClick={() => onChange(proposePhone())} data-testid="propose-number">
            <Dices size={18} />
          </ActionIcon>
        </Tooltip>
      )}
    </>
  );
}

function History({ account, chat }: { account: string; chat: string }) {
  const query = useMessages(account, chat);
  if (query.data === undefined) return query.error === null ? <Waiting /> : <Trouble error={query.error} retry={() => void query.refetch()} />;
  const messages = query.data.pages.flatMap((p) => p.data);
  return (
    <>
      {messages.map((message, i) => {
        const before = messages[i + 1];
        const newDay = before === undefined || day(before.created_at) !== day(message.created_at);
        return (
          <Fragment key={message.id}>
            <Bubble message={message} />
            {newDay && <div className="day">{day(message.created_at)}</div>}
          </Fragment>
        );
      })}
      {query.hasNextPage && (
        <Button variant="subtle" size="xs" style={{ alignSelf: "center", flexShrink: 0 }} loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          Earlier messages
        </Button>
      )}
    </>
  );
}

function Bubble({ message }: { message: Message }) {
  const outbound = message.direction === "outbound";
  return (
    <article className="bubble" data-direction={message.direction} data-testid="message-row" data-message={message.id}>
      <div className="bubble-body">{message.text?.body ?? <i>{message.type}</i>}</div>
      <div className="bubble-foot numbers">
        <span>{clock(message.created_at).split(", ").pop()}</span>
        {outbound && <MessageStatus message={message} />}
      </div>
    </article>
  );
}
