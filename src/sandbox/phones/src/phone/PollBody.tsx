import { useState } from 'preact/hooks';
import type { Message } from '../api/shapes';
import { pressed, tally } from '../model/poll';
import { useAttempt } from '../parts/notice';
import { useNames } from '../parts/people';

interface Props {
  message: Message;
  name: string;
  options: string[];
  selectable: number;
  /** The phone that shows it. */
  self: string;
  onVote: (options: string[]) => Promise<unknown>;
}

/** A poll: everybody sees who chose what, and votes by pressing. */
export function PollBody({ message, name, options, selectable, self, onVote }: Props) {
  const votes = message.votes ?? [];
  const told = votes.find((vote) => vote.by === self)?.options ?? [];
  // What was pressed shows at once, and until the server's picture has it.
  const [wish, setWish] = useState<{ over: string; options: string[] } | null>(null);
  const known = JSON.stringify(votes);
  const chosen = wish?.over === known ? wish.options : told;
  const attempt = useAttempt();
  const nameOf = useNames(self);
  const press = async (option: string) => {
    const next = pressed(chosen, option, selectable);
    setWish({ over: known, options: next });
    if (!(await attempt(() => onVote(next)))) setWish(null);
  };
  return (
    <fieldset class="poll">
      <legend>{name}</legend>
      <small class="quiet">{selectable === 1 ? 'Choose one' : selectable > 1 ? `Choose up to ${selectable}` : 'Choose any'}</small>
      {tally(options, votes).map(({ option, voters, share }) => (
        <label class="poll-option" key={option} title={voters.map(nameOf).join(', ')}>
          <input type="checkbox" name="option" checked={chosen.includes(option)} onChange={() => void press(option)} />
          <span>{option}</span>
          <span class="votes" data-votes={voters.length}>{voters.length}</span>
          <progress max={1} value={voters.length === 0 ? 0 : share} aria-hidden="true" />
          {voters.length > 0 && <small class="quiet">{voters.map(nameOf).join(', ')}</small>}
        </label>
      ))}
    </fieldset>
  );
}
