import { useRef, useState } from 'preact/hooks';
import { Refused } from '../api/call';
import { useAttempt } from './notice';

/** One form's way to the server and back. */
export interface Submit {
  busy: boolean;
  /** What the server said about a field of the request, for the field that was filled in with it. */
  error: (field: string) => string | undefined;
  /** Sends. What is wrong with a field in `shown` stands there; anything else goes to the foot of the page. */
  send: (deed: () => Promise<unknown>, shown: readonly string[], done?: string) => Promise<boolean>;
}

export function useSubmit(): Submit {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refused | null>(null);
  const attempt = useAttempt();
  // A second press while the first is under way must not send twice.
  const under = useRef(false);
  const send: Submit['send'] = async (deed, shown, done) => {
    if (under.current) return false;
    under.current = true;
    setBusy(true);
    setRefusal(null);
    const worked = await attempt(async () => {
      try {
        await deed();
      } catch (error) {
        if (!(error instanceof Refused) || !shown.some((field) => error.about(field))) throw error;
        setRefusal(error);
        return false;
      }
      return undefined;
    }, done);
    under.current = false;
    setBusy(false);
    return worked;
  };
  return { busy, error: (field) => refusal?.about(field), send };
}
