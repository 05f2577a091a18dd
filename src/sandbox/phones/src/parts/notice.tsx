import { CircleAlert, CircleCheck, X } from 'lucide';
import { createContext, type ComponentChildren } from 'preact';
import { useCallback, useContext, useEffect, useState } from 'preact/hooks';
import { Icon, IconButton } from './Icon';

interface Note {
  text: string;
  good: boolean;
}

/**
 * Runs something that may be refused; what went wrong is shown at the foot of the page. True when it worked. A deed that
 * answers false has failed and has said why in another place.
 */
export type Attempt = (deed: () => Promise<unknown>, done?: string) => Promise<boolean>;

const AttemptContext = createContext<Attempt>(() => Promise.resolve(false));

export function useAttempt(): Attempt {
  return useContext(AttemptContext);
}

/** A good word goes away by itself; a bad one stays until it was read. */
const GOOD_MS = 4_000;

export function Notices({ children }: { children: ComponentChildren }) {
  const [note, setNote] = useState<Note | null>(null);
  useEffect(() => {
    if (!note?.good) return undefined;
    const timer = setTimeout(() => setNote(null), GOOD_MS);
    return () => clearTimeout(timer);
  }, [note]);
  const attempt = useCallback<Attempt>(async (deed, done) => {
    try {
      const worked = (await deed()) !== false;
      setNote(worked && done ? { text: done, good: true } : null);
      return worked;
    } catch (error) {
      setNote({ text: error instanceof Error ? error.message : String(error), good: false });
      return false;
    }
  }, []);
  return (
    <AttemptContext.Provider value={attempt}>
      {children}
      <div class="notices" role="status" aria-live="polite">
        {note && (
          <p class={note.good ? 'notice good' : 'notice'}>
            <Icon of={note.good ? CircleCheck : CircleAlert} size={18} />
            <span>{note.text}</span>
            <IconButton icon={X} label="Dismiss" size={16} onClick={() => setNote(null)} />
          </p>
        )}
      </div>
    </AttemptContext.Provider>
  );
}
