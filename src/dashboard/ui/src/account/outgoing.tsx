import { Group, Loader, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { explain, newKey, post, statusOfError } from "../api/client";
import { Intent } from "../api/intent";
import type { Accepted, Message } from "../api/types";
import { putMessage } from "../stream/live";

/** A text on its way to the service: not accepted yet, or refused. */
export interface Pending {
  /** Tells it from the others on this page. */
  id: string;
  /** Keeps a retry from sending twice. */
  intent: Intent;
  to: string;
  body: string;
  trouble: string | null;
}

export interface Outgoing {
  /** The newest first. */
  pending: Pending[];
  send: (to: string, body: string) => void;
  retry: (pending: Pending) => void;
  drop: (pending: Pending) => void;
}

/** Sends texts of one account, and keeps on screen those that the service has not accepted. */
export function useOutgoing(account: string, onAccepted: (chat: string) => void): Outgoing {
  const [pending, setPending] = useState<Pending[]>([]);
  const change = (id: string, trouble: string | null) =>
    setPending((list) => list.map((p) => (p.id === id ? { ...p, trouble } : p)));

  async function attempt(p: Pending): Promise<void> {
    try {
      const body = { account, to: p.to, type: "text", text: { body: p.body } };
      const accepted = await post<Accepted>("/v1/messages", body, p.intent.keyFor(body));
      putMessage(shownAs(accepted, p.body));
      drop(p);
      onAccepted(accepted.to.jid);
    } catch (error) {
      p.intent.failed(statusOfError(error));
      change(p.id, explain(error));
    }
  }

  const drop = (p: Pending) => setPending((list) => list.filter((q) => q.id !== p.id));
  return {
    pending,
    drop,
    send: (to: string, body: string) => {
      const p = { id: newKey(), intent: new Intent(newKey), to, body, trouble: null };
      setPending((list) => [p, ...list]);
      void attempt(p);
    },
    retry: (p: Pending) => {
      change(p.id, null);
      void attempt(p);
    },
  };
}

function shownAs(accepted: Accepted, body: string): Message {
  const now = new Date().toISOString();
  return {
    id: accepted.id,
    wa_message_id: accepted.wa_message_id,
    account: accepted.account,
    direction: "outbound",
    status: accepted.status,
    type: "text",
    text: { body },
    from: null,
    to: accepted.to,
    chat: accepted.to.jid,
    sender_name: null,
    cost: accepted.cost,
    priority: "normal",
    send_at: null,
    expires_at: null,
    callback_data: null,
    created_at: now,
    updated_at: now,
    error: null,
  };
}

export function PendingBubble({ pending, onRetry, onDrop }: { pending: Pending; onRetry: () => void; onDrop: () => void }) {
  return (
    <article className="bubble" data-direction="outbound" data-testid="pending-row">
      <div className="bubble-body">{pending.body}</div>
      <div className="bubble-foot">
        {pending.trouble === null ? (
          <Loader size={10} aria-label="Sending" />
        ) : (
          <Group gap="xs" role="alert">
            <span className="status" data-status="failed" data-testid="send-error">
              {pending.trouble}
            </span>
            <UnstyledButton className="status" fw={600} onClick={onRetry}>
              Try again
            </UnstyledButton>
            <UnstyledButton className="status" onClick={onDrop}>
              Discard
            </UnstyledButton>
          </Group>
        )}
      </div>
    </article>
  );
}
