import { useSyncExternalStore } from "react";
import { get, post } from "../api/client";
import { keys, queryClient, type MessagePages } from "../api/queries";
import type { Account, Event, Message, Page } from "../api/types";
import { received, toAccount, toMessage, withMessage } from "./apply";
import { Stream, type StreamState } from "./connection";
import { statusOf } from "./status";

/** How many past events a page that has just started reads. */
const HISTORY = 100;

/** The page's one stream, wired to the API and to the cache that the screens draw from. */
export const stream = new Stream({
  ticket: async () => (await post<{ ticket: string }>("/v1/stream/tickets")).ticket,
  open: (query) => {
    const origin = window.location.origin.replace(/^http/, "ws");
    return new WebSocket(`${origin}/v1/stream?${query}`, ["zaptor.v1"]);
  },
  history: async (head) => {
    const after = Math.max(0, head - HISTORY);
    return (await get<Page<Event>>(`/v1/events?after=${after}&limit=${HISTORY}`)).data;
  },
  onEvent: applyEvent,
  onResync: () => void queryClient.invalidateQueries(),
});

window.addEventListener("online", stream.hurry);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") stream.hurry();
});

export function useStream(): StreamState {
  return useSyncExternalStore(stream.subscribe, stream.getState);
}

/** Brings one event onto the screen: patches what it can, and asks again for what it cannot know. */
function applyEvent(event: Event): void {
  if (event.type.startsWith("account.")) applyToAccounts(event);
  if (event.type.startsWith("message.")) applyToMessages(event);
  if (event.type.startsWith("wallet.")) soon(keys.wallet, keys.entries);
}

function applyToAccounts(event: Event): void {
  const id = event.account;
  if (id === null) return;
  queryClient.setQueryData<Account[]>(keys.accounts, (list) => list?.map((a) => toAccount(a, event)));
  queryClient.setQueryData<Account>(keys.account(id), (account) => account && toAccount(account, event));
  if (event.type === "account.pairing") void queryClient.invalidateQueries({ queryKey: keys.pairing(id) });
  // Phone, name and round trip are not in the event.
  soon(keys.accounts, keys.account(id), keys.health(id));
  if (event.type === "account.repair") soon(keys.bundles(id));
}

function applyToMessages(event: Event): void {
  const incoming = received(event);
  if (incoming !== null) {
    putMessage(incoming);
    return;
  }
  if (statusOf(event.type) === null || event.account === null) return;
  eachList((list) => mapChanged(list, (m) => toMessage(m, event)));
  const id = String(event.data.message);
  queryClient.setQueryData<Message>(keys.message(id), (m) => m && toMessage(m, event));
  soon(keys.message(id));
  // The event tells that a message was queued, not what it says.
  if (event.type === "message.queued" && !isShown(id)) soon(keys.accountMessages(event.account));
  if (event.data.cost !== 0 && event.type !== "message.delivered" && event.type !== "message.read") {
    soon(keys.wallet, keys.entries);
  }
}

/**
 * Shows a message in its account's list and in its chat, where these are loaded. Events
 * that overtook the message's own answer are applied to it.
 */
export function putMessage(incoming: Message): void {
  const message = stream.getState().cursor.recent.reduceRight(toMessage, incoming);
  for (const queryKey of [keys.accountMessages(message.account), keys.chat(message.account, message.chat)]) {
    queryClient.setQueryData<MessagePages>(queryKey, (data) => {
      const first = data?.pages[0];
      if (data === undefined || first === undefined) return data;
      if (data.pages.some((p) => p.data.some((m) => m.id === message.id))) return data;
      const head = { ...first, data: withMessage(first.data, message) };
      return { ...data, pages: [head, ...data.pages.slice(1)] };
    });
  }
}

function eachList(change: (list: Message[]) => Message[]): void {
  queryClient.setQueriesData<MessagePages>({ queryKey: keys.messages }, (data) => {
    if (data === undefined) return data;
    let touched = false;
    const pages = data.pages.map((page) => {
      const list = change(page.data);
      touched ||= list !== page.data;
      return list === page.data ? page : { ...page, data: list };
    });
    return touched ? { ...data, pages } : data;
  });
}

function mapChanged(list: Message[], change: (message: Message) => Message): Message[] {
  let touched = false;
  const mapped = list.map((message) => {
    const next = change(message);
    touched ||= next !== message;
    return next;
  });
  return touched ? mapped : list;
}

function isShown(id: string): boolean {
  return queryClient
    .getQueriesData<MessagePages>({ queryKey: keys.messages })
    .some(([, data]) => data?.pages.some((p) => p.data.some((m) => m.id === id)) ?? false);
}

const waiting = new Map<string, readonly unknown[]>();

/** Reads these again shortly: a burst of events costs one request each, not one per event. */
function soon(...queryKeys: (readonly unknown[])[]): void {
  const idle = waiting.size === 0;
  for (const queryKey of queryKeys) waiting.set(JSON.stringify(queryKey), queryKey);
  if (!idle) return;
  setTimeout(() => {
    const due = [...waiting.values()];
    waiting.clear();
    for (const queryKey of due) void queryClient.invalidateQueries({ queryKey });
  }, 200);
}
