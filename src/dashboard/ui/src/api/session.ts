import type { Login, User } from "./types";

/** What a session needs from outside: a place that outlives a reload, and the refresh call. */
export interface SessionDeps {
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** Exchanges a refresh token. Resolves to null when the server refuses it for good; rejects when the server cannot be reached. */
  refresh: (refreshToken: string) => Promise<Login | null>;
}

const STORAGE_KEY = "zaptor.refresh";

/**
 * A person's sign-in. The access token lives in memory only; the refresh token is kept
 * for this tab. Refresh tokens rotate, so two refreshes never run side by side: whoever
 * asks while one is under way gets the same answer.
 */
export class Session {
  private access: string | null = null;
  private pending: Promise<string | null> | null = null;
  private listeners = new Set<() => void>();
  private current: User | null = null;
  /** Grows with each sign-in and sign-out, so that a late refresh cannot undo either. */
  private epoch = 0;

  constructor(private readonly deps: SessionDeps) {}

  get token(): string | null {
    return this.access;
  }

  get user(): User | null {
    return this.current;
  }

  /** True when a reload may find the way back in without a password. */
  get resumable(): boolean {
    return this.deps.storage.getItem(STORAGE_KEY) !== null;
  }

  get refreshToken(): string | null {
    return this.deps.storage.getItem(STORAGE_KEY);
  }

  begin(login: Login): void {
    this.epoch += 1;
    this.accept(login);
  }

  end(): void {
    this.epoch += 1;
    this.access = null;
    this.current = null;
    this.deps.storage.removeItem(STORAGE_KEY);
    this.notify();
  }

  /**
   * A token to use after `stale` was refused. Null when the sign-in is over.
   * Rejects when the server cannot be reached: the sign-in then stays as it was.
   */
  renew(stale: string | null): Promise<string | null> {
    if (this.access !== null && this.access !== stale) return Promise.resolve(this.access);
    this.pending ??= this.exchange().finally(() => {
      this.pending = null;
    });
    return this.pending;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private async exchange(): Promise<string | null> {
    const epoch = this.epoch;
    const token = this.refreshToken;
    const login = token === null ? null : await this.deps.refresh(token);
    if (epoch !== this.epoch) return this.access;
    if (login === null) {
      this.end();
      return null;
    }
    this.accept(login);
    return this.access;
  }

  private accept(login: Login): void {
    this.access = login.access_token;
    this.current = login.user;
    this.deps.storage.setItem(STORAGE_KEY, login.refresh_token);
    this.notify();
  }

  private notify(): void {
    for (const listener of this.listeners) listener();
  }
}
