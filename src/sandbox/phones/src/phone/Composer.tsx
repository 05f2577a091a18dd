import { Check, SendHorizontal } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Participant } from '../api/shapes';
import { contentOf } from '../model/content';
import { suggestions, withMention } from '../model/mentions';
import { textMessage, type Outgoing } from '../model/outgoing';
import { IDLE_MS, REPEAT_MS } from '../model/typing';
import { Icon } from '../parts/Icon';
import { useAttempt } from '../parts/notice';
import type { ChatActions } from './actions';
import type { Draft } from './Writing';

interface Props {
  /** Who can be mentioned. */
  people: Participant[];
  actions: ChatActions;
  draft: Draft;
  onSend: (message: Outgoing) => Promise<void>;
  onDraft: (draft: Draft) => void;
  attach: ComponentChildren;
}

/** Where a message is written. Enter sends; Shift and Enter begin a new line; Escape lets a reply or an edit be. */
export function Composer({ people, actions, draft, onSend, onDraft, attach }: Props) {
  const [text, setText] = useState('');
  const form = useRef<HTMLFormElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const attempt = useAttempt();
  const typing = useTyping(actions);
  const editing = draft?.kind === 'edit' ? draft.message : null;
  useEffect(() => {
    if (editing) setText(textOf(editing));
    if (draft) area.current?.focus();
  }, [draft]);
  const send = async () => {
    const body = text.trim();
    if (body === '') return;
    setText('');
    typing.stop();
    const deed = editing
      ? () => actions.edit(editing, body).then(() => onDraft(null))
      : () => onSend(textMessage(body, people));
    if (!(await attempt(deed))) setText((now) => now || body);
  };
  const drop = () => {
    if (editing) setText('');
    onDraft(null);
  };
  const offered = suggestions(text, people);
  return (
    <form
      class="composer"
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {offered.length > 0 && (
        <ul class="mentions" aria-label="People to mention">
          {offered.map((one) => (
            <li key={one.phone}>
              <button
                type="button"
                onClick={() => {
                  setText(withMention(text, one));
                  area.current?.focus();
                }}
              >
                {one.name || one.phone}
              </button>
            </li>
          ))}
        </ul>
      )}
      {!editing && attach}
      <textarea
        name="text"
        rows={1}
        ref={area}
        aria-label="Message"
        placeholder="Message"
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          typing.keystroke();
        }}
        onBlur={typing.stop}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && draft) drop();
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          form.current?.requestSubmit();
        }}
      />
      <button class="send" aria-label={editing ? 'Save' : 'Send'} title={editing ? 'Save' : 'Send'} disabled={text.trim() === ''}>
        <Icon of={editing ? Check : SendHorizontal} />
      </button>
    </form>
  );
}

function textOf(message: Parameters<typeof contentOf>[0]): string {
  const content = contentOf(message);
  if (content.kind === 'text') return content.text;
  return 'caption' in content ? content.caption : '';
}

/** Tells the others that somebody writes here: at the first keystroke, now and then while it goes on, and when it stops. */
function useTyping(actions: ChatActions) {
  const state = useRef({ told: 0, timer: 0 });
  const quietly = (deed: Promise<unknown>) => void deed.catch(() => undefined);
  const stop = () => {
    clearTimeout(state.current.timer);
    if (state.current.told === 0) return;
    state.current.told = 0;
    quietly(actions.typing('paused'));
  };
  const keystroke = () => {
    clearTimeout(state.current.timer);
    state.current.timer = window.setTimeout(stop, IDLE_MS);
    if (Date.now() - state.current.told < REPEAT_MS) return;
    state.current.told = Date.now();
    quietly(actions.typing('composing'));
  };
  useEffect(() => stop, [actions]);
  return { keystroke, stop };
}
