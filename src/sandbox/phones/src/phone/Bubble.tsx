import type { Message } from '../api/shapes';
import { summary } from '../model/summary';
import { timeOfDay } from '../model/time';
import { Ticks } from './Ticks';

interface Props {
  message: Message;
  follows: boolean;
}

/** One message. */
export function Bubble({ message, follows }: Props) {
  const classes = `bubble ${message.from_me ? 'own' : ''} ${follows ? 'follows' : ''}`;
  return (
    <li class={classes} data-message={message.wa_message_id}>
      <span class="text">{message.type === 'text' ? message.body : summary(message)}</span>
      <span class="foot">
        <time dateTime={message.at}>{timeOfDay(message.at)}</time>
        {message.from_me && <Ticks ack={message.ack} />}
      </span>
    </li>
  );
}
