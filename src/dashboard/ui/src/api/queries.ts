import { QueryClient, useInfiniteQuery, useQuery, type InfiniteData } from "@tanstack/react-query";
import { keepForward } from "../stream/apply";
import { ApiError, get, Unreachable } from "./client";
import type {
  Account,
  ActorRow,
  ApiKey,
  Bundle,
  Health,
  Message,
  Page,
  Pairing,
  Snapshot,
  SystemInfo,
  Wallet,
  WalletEntry,
} from "./types";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The stream says when something changed; going back to a page need not ask again at once.
      staleTime: 15_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) => failures < 2 && worthRepeating(error),
    },
  },
});

function worthRepeating(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof ApiError && error.problem.retryable);
}

/** The names under which answers are cached; the stream updates them by the same names. */
export const keys = {
  accounts: ["accounts"] as const,
  account: (id: string) => ["account", id] as const,
  health: (id: string) => ["health", id] as const,
  bundles: (id: string) => ["bundles", id] as const,
  snapshots: (id: string) => ["snapshots", id] as const,
  pairing: (id: string) => ["pairing", id] as const,
  messages: ["messages"] as const,
  accountMessages: (account: string) => ["messages", account] as const,
  chat: (account: string, chat: string) => ["messages", account, chat] as const,
  message: (id: string) => ["message", id] as const,
  wallet: ["wallet"] as const,
  entries: ["wallet-entries"] as const,
  apiKeys: ["keys"] as const,
  info: ["system", "info"] as const,
  actors: ["system", "actors"] as const,
};

/** All pages of a list whose every item is needed, as accounts are. Bounded at 1,000 items. */
async function all<T>(path: string, signal: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  let next: string | null = null;
  do {
    const after: string = next === null ? "" : `&after=${encodeURIComponent(next)}`;
    const page: Page<T> = await get<Page<T>>(`${path}?limit=200${after}`, signal);
    items.push(...page.data);
    next = page.next;
  } while (next !== null && items.length < 1000);
  return items;
}

export function useAccounts() {
  return useQuery({ queryKey: keys.accounts, queryFn: ({ signal }) => all<Account>("/v1/accounts", signal) });
}

export function useAccount(id: string) {
  return useQuery({
    queryKey: keys.account(id),
    queryFn: ({ signal }) => get<Account>(`/v1/accounts/${id}`, signal),
    placeholderData: () => queryClient.getQueryData<Account[]>(keys.accounts)?.find((a) => a.id === id),
  });
}

/** How an account is, read again while somebody looks. */
export function useHealth(id: string) {
  return useQuery({
    queryKey: keys.health(id),
    queryFn: ({ signal }) => get<Health>(`/v1/accounts/${id}/health`, signal),
    refetchInterval: 3000,
  });
}

/** What was tried and seen in the account's repairs, the newest first. */
export function useBundles(id: string) {
  return useQuery({
    queryKey: keys.bundles(id),
    queryFn: async ({ signal }) => (await get<Page<Bundle>>(`/v1/accounts/${id}/forensics`, signal)).data,
  });
}

/** The snapshots of the account's profile, the newest first. */
export function useSnapshots(id: string) {
  return useQuery({
    queryKey: keys.snapshots(id),
    queryFn: async ({ signal }) => (await get<Page<Snapshot>>(`/v1/accounts/${id}/profile/snapshots`, signal)).data,
  });
}

/** The QR to show now. Asked again when it expires; while the page has none yet, every second. */
export function usePairing(id: string, enabled: boolean) {
  return useQuery({
    queryKey: keys.pairing(id),
    queryFn: ({ signal }) => get<Pairing>(`/v1/accounts/${id}/pairing`, signal),
    enabled,
    staleTime: 0,
    gcTime: 0,
    retry: false,
    refetchInterval: (query) => {
      const shown = query.state.data;
      if (query.state.status === "error" || shown === undefined) return 1000;
      // Never sooner than 0.7 s, also where this clock is ahead of the server's.
      return Math.max(700, Math.min(Date.parse(shown.expires_at) - Date.now(), 60_000));
    },
  });
}

export type MessagePages = InfiniteData<Page<Message>, string | null>;

export function useMessages(account: string, chat?: string) {
  const queryKey = chat === undefined ? keys.accountMessages(account) : keys.chat(account, chat);
  return useInfiniteQuery({
    queryKey,
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }) => {
      const query = new URLSearchParams({ account, limit: chat === undefined ? "200" : "50" });
      if (chat !== undefined) query.set("chat", chat);
      if (pageParam !== null) query.set("after", pageParam);
      const page = await get<Page<Message>>(`/v1/messages?${query}`, signal);
      const shown = queryClient.getQueryData<MessagePages>(queryKey);
      return { ...page, data: keepForward(page.data, shown?.pages.flatMap((p) => p.data) ?? []) };
    },
    getNextPageParam: (last) => last.next,
  });
}

export function useMessage(id: string, enabled: boolean) {
  return useQuery({
    queryKey: keys.message(id),
    queryFn: ({ signal }) => get<Message>(`/v1/messages/${id}`, signal),
    enabled,
    staleTime: 0,
  });
}

export function useWallet() {
  return useQuery({ queryKey: keys.wallet, queryFn: ({ signal }) => get<Wallet>("/v1/wallet", signal) });
}

export function useEntries() {
  return useInfiniteQuery({
    queryKey: keys.entries,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: "50" });
      if (pageParam !== null) query.set("after", pageParam);
      return get<Page<WalletEntry>>(`/v1/wallet/entries?${query}`, signal);
    },
    getNextPageParam: (last) => last.next,
  });
}

export function useApiKeys() {
  return useQuery({ queryKey: keys.apiKeys, queryFn: ({ signal }) => all<ApiKey>("/v1/keys", signal) });
}

export function useInfo() {
  return useQuery({
    queryKey: keys.info,
    queryFn: ({ signal }) => get<SystemInfo>("/v1/system/info", signal),
    staleTime: 60_000,
  });
}

export function useActors() {
  return useQuery({
    queryKey: keys.actors,
    queryFn: ({ signal }) => get<Page<ActorRow>>("/v1/system/actors", signal),
    refetchInterval: 3000,
  });
}
