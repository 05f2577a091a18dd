import { describe, expect, it } from "vitest";
import type { Account, Event, Message } from "../api/types";
import { conversations, digitsOf, keepForward, phoneOf, received, toAccount, toMessage, withMessage } from "./apply";

const T = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}.000Z`;

function event(type: string, data: Record<string, unknown>, second = 10): Event {
  return { id: "evt_1", seq: 1, type, tenant: "ten_1", account: "acc_1", account_seq: 1, timestamp: T(second), data };
}

function message(id: string, change: Partial<Message> = {}): Message {
  return {
    id, wa_message_id: null, account: "acc_1", direction: "outbound", status: "queued", type: "text", text: { body: id },
    from: null, to: null, chat: "5511@c.us", sender_name: null, cost: 1, priority: "normal", send_at: null, expires_at: null,
    callback_data: null, created_at: T(1), updated_at: T(1), error: null, ...change,
  };
}

const account: Account = {
  id: "acc_1", name: "Shop", engine: "browser", state: "pairing", reason: null, action: "Scan", since: T(5), phone: null,
  push_name: null, labels: [], last_round_trip_at: null, restarts: 0, created_at: T(1),
};

describe("toAccount", () => {
  const syncing = event("account.state_changed", { from: "pairing", to: "syncing", reason: "Reading chats", action: null });

  it("takes over state, reason, action and time", () => {
    expect(toAccount(account, syncing)).toMatchObject({ state: "syncing", reason: "Reading chats", action: null, since: T(10) });
  });

  it("leaves other accounts and newer knowledge alone", () => {
    const other = { ...account, id: "acc_2" };
    const newer = { ...account, since: T(11) };
    expect(toAccount(other, syncing)).toBe(other);
    expect(toAccount(newer, syncing)).toBe(newer);
  });
});

describe("toMessage", () => {
  it("moves the status on and tells why a message failed", () => {
    const failed = toMessage(message("a"), event("message.failed", { message: "a", status: "failed", cause: "not on WhatsApp" }));
    expect(failed).toMatchObject({ status: "failed", updated_at: T(10), error: { detail: "not on WhatsApp" } });
  });

  it("is the same object when nothing changes", () => {
    const read = message("a", { status: "read" });
    expect(toMessage(read, event("message.sent", { message: "a" }))).toBe(read);
    expect(toMessage(read, event("message.played", { message: "b" }))).toBe(read);
  });
});

describe("lists", () => {
  it("shows an incoming message from its event alone", () => {
    const made = received(event("message.received", { message: "m", chat: "55@c.us", from: "55", type: "text", text: { body: "hi" }, sender_name: "Ana" }));
    expect(made).toMatchObject({ id: "m", direction: "inbound", text: { body: "hi" }, sender_name: "Ana", account: "acc_1" });
    expect(received(event("message.sent", { message: "m" }))).toBeNull();
  });

  it("puts a message in its place, once", () => {
    const list = [message("c", { created_at: T(3) }), message("a", { created_at: T(1) })];
    const with2 = withMessage(list, message("b", { created_at: T(2) }));
    expect(with2.map((m) => m.id)).toEqual(["c", "b", "a"]);
    expect(withMessage(with2, message("b"))).toBe(with2);
  });

  it("keeps what is shown when a slower answer is behind it", () => {
    const kept = keepForward([message("a"), message("b", { status: "read" })], [message("a", { status: "delivered" }), message("b")]);
    expect(kept.map((m) => m.status)).toEqual(["delivered", "read"]);
  });

  it("folds messages into conversations, newest first, named by who wrote", () => {
    const list = [
      message("3", { chat: "55@c.us", created_at: T(3) }),
      message("2", { chat: "66@c.us", created_at: T(2) }),
      message("1", { chat: "55@c.us", created_at: T(1), sender_name: "Ana", direction: "inbound" }),
    ];
    expect(conversations(list).map((c) => [c.chat, c.name, c.last.id])).toEqual([
      ["55@c.us", "Ana", "3"],
      ["66@c.us", "+66", "2"],
    ]);
  });

  it("reads numbers out of chats", () => {
    expect(phoneOf("5511@c.us")).toBe("+5511");
    expect(phoneOf("123@g.us")).toBe("123");
    expect(digitsOf("+55 (11) 9-1@c.us")).toBe("551191");
  });
});
