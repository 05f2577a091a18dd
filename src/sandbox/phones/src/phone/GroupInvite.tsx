import { Copy, Link, RefreshCw } from 'lucide';
import { useState } from 'preact/hooks';
import { group as ask } from '../api/call';
import type { Group } from '../api/shapes';
import { Icon } from '../parts/Icon';
import { useAttempt } from '../parts/notice';

interface Invite {
  code: string;
  link: string;
}

/** The link by which anybody can join; it is fetched when somebody asks for it. */
export function GroupInvite({ group, by }: { group: Group; by: string }) {
  const [invite, setInvite] = useState<Invite | null>(null);
  const attempt = useAttempt();
  const fetchIt = () => ask<Invite>('GET', group.id, `/invite?by=${encodeURIComponent(by)}`).then(setInvite);
  const reset = async () => {
    await ask('POST', group.id, '/invite/revoke', { by });
    await fetchIt();
  };
  return (
    <>
      <h3>Invite link</h3>
      {!invite && (
        <button type="button" class="quiet-button" onClick={() => void attempt(fetchIt)}>
          <Icon of={Link} size={16} /> Show the invite link
        </button>
      )}
      {invite && (
        <>
          <input class="mono" name="invite" aria-label="Invite link" readOnly value={invite.link} onFocus={(event) => event.currentTarget.select()} />
          <div class="buttons">
            <button
              type="button"
              class="quiet-button"
              onClick={() => void attempt(() => navigator.clipboard.writeText(invite.link), 'Copied.')}
            >
              <Icon of={Copy} size={16} /> Copy
            </button>
            <button
              type="button"
              class="quiet-button danger"
              onClick={() => void attempt(reset, 'The old link does not work any more.')}
            >
              <Icon of={RefreshCw} size={16} /> Reset
            </button>
          </div>
        </>
      )}
    </>
  );
}
