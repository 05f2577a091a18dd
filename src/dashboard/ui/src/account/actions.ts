import { useMutation } from "@tanstack/react-query";
import { post } from "../api/client";
import { keys, queryClient } from "../api/queries";
import type { Account } from "../api/types";
import { tellTrouble } from "../parts/Trouble";

export type AccountAction = "start" | "stop" | "restart" | "logout" | "hibernate" | "wake";

/** Asks the service to act on one account. The answer and, later, the stream bring the new state. */
export function useAccountAction(id: string) {
  const mutation = useMutation({
    mutationFn: (action: AccountAction) => post<Account>(`/v1/accounts/${id}/${action}`),
    onSuccess: () => {
      // The accepted answer may be older than what the stream has said since: read anew.
      void queryClient.invalidateQueries({ queryKey: keys.account(id) });
      void queryClient.invalidateQueries({ queryKey: keys.accounts });
      void queryClient.invalidateQueries({ queryKey: keys.health(id) });
    },
    onError: (error, action) => tellTrouble(`Could not ${action} the account`, error),
  });
  return { run: mutation.mutate, busy: mutation.isPending };
}
