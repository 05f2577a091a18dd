import { expect, it, vi } from "vitest";
import { Session } from "./session";
import type { Login } from "./types";

function login(n: number): Login {
  return {
    access_token: `access-${n}`, token_type: "Bearer", expires_in: 900, refresh_token: `refresh-${n}`,
    user: { id: "usr_1", email: "a@example.com", role: "admin", tenant: "ten_1" },
  };
}

function storage(initial?: string) {
  const kept = new Map<string, string>(initial === undefined ? [] : [["zaptor.refresh", initial]]);
  return {
    kept,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
}

it("renews once for all who ask while it is under way", async () => {
  const refresh = vi.fn(async () => login(2));
  const session = new Session({ storage: storage(), refresh });
  session.begin(login(1));
  const tokens = await Promise.all([session.renew("access-1"), session.renew("access-1"), session.renew("access-1")]);
  expect(tokens).toEqual(["access-2", "access-2", "access-2"]);
  expect(refresh).toHaveBeenCalledExactlyOnceWith("refresh-1");
});

it("does not renew for a request that was refused with an older token", async () => {
  const refresh = vi.fn(async () => login(3));
  const session = new Session({ storage: storage(), refresh });
  session.begin(login(2));
  expect(await session.renew("access-1")).toBe("access-2");
  expect(refresh).not.toHaveBeenCalled();
});

it("keeps only the refresh token outside of memory", () => {
  const kept = storage();
  new Session({ storage: kept, refresh: async () => null }).begin(login(1));
  expect([...kept.kept.values()]).toEqual(["refresh-1"]);
});

it("finds the way back in after a reload", async () => {
  const session = new Session({ storage: storage("refresh-7"), refresh: async () => login(8) });
  expect(session.resumable).toBe(true);
  expect(await session.renew(null)).toBe("access-8");
  expect(session.user?.email).toBe("a@example.com");
});

it("ends when the refresh token is refused", async () => {
  const session = new Session({ storage: storage("refresh-7"), refresh: async () => null });
  const told = vi.fn();
  session.subscribe(told);
  expect(await session.renew(null)).toBeNull();
  expect(session.resumable).toBe(false);
  expect(told).toHaveBeenCalled();
});

it("outlives a server that cannot be reached", async () => {
  const session = new Session({ storage: storage("refresh-7"), refresh: async () => Promise.reject(new Error("down")) });
  await expect(session.renew(null)).rejects.toThrow("down");
  expect(session.resumable).toBe(true);
});

it("is not revived by a renewal that comes back after signing out", async () => {
  let finish: (login: Login) => void = () => undefined;
  const session = new Session({ storage: storage(), refresh: () => new Promise((done) => (finish = done)) });
  session.begin(login(1));
  const pending = session.renew("access-1");
  session.end();
  finish(login(2));
  expect(await pending).toBeNull();
  expect(session.user).toBeNull();
  expect(session.resumable).toBe(false);
});
