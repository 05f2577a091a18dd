import { useSyncExternalStore } from "react";
import { session } from "./client";
import type { User } from "./types";

/** Who is signed in on this page; null while nobody is. */
export function useUser(): User | null {
  return useSyncExternalStore(session.subscribe, () => session.user);
}
