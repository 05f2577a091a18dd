import { Pencil, Reply, X } from 'lucide';
import { useEffect, useRef, useState } from 'preact/hooks';
import { act } from '../api/call';
import type { Group, Message, Phone } from '../api/shapes';
import { kindOfChat } from '../model/chat-id';
import type { Outgoing } from '../model/outgoing';
import { summary } from '../model/summary';
import { Icon, IconButton } from '../parts/Icon';
import { useAttempt } from '../parts/notice';
import { useNames } from '../parts/people';
import type { ChatActions } from './actions';
import { AttachMenu, type AttachForm } from './AttachMenu';
import { Composer } from './Composer';
import { ContactsForm, LinkForm, LocationForm, PollForm } from './forms';
import { FilesSheet } from './FilesSheet';

/** A message that is answered or changed by what is written next. */
export type Draft = { kind: 'reply' | 'edit'; message: Message } | null;

interface Props {
  phone: Phone;
  phones: Phone[];
  peer: string;
  name: string;
  group: Group | undefined;
  actions: ChatActions;
  draft: Draft;
  onDraft: (draft: Draft) => void;
}

/** Where messages of all types are made: below the conversation. */
export function Writing(props: Props) {
  const { phone, phones, peer, group, actions, draft, onDraft } = props;
  const [files, setFiles] = useState<File[]>([]);
  const [form, setForm] = useState<AttachForm | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const closed = useClosed(props);
  if (closed) return closed;
  const reply = draft?.kind === 'reply' ? draft.message : null;
  const send = async (message: Outgoing) => {
    await actions.send(message, reply);
    onDraft(null);
  };
  const done = () => setForm(null);
  const take = (list: FileList | null | undefined) => list && list.length > 0 && setFiles([...list]);
  return (
    <div
      class="writing"
      onPaste={(event) => {
        if ((event.clipboardData?.files.length ?? 0) === 0) return;
        event.preventDefault();
        take(event.clipboardData?.files);
      }}
    >
      <DropZone onFiles={take} />
      <DraftBar draft={draft} self={phone.phone} onDrop={() => onDraft(null)} />
      <Composer
        people={group?.participants ?? []}
        actions={actions}
        draft={draft}
        onSend={send}
        onDraft={onDraft}
        attach={<AttachMenu onForm={setForm} onFiles={() => picker.current?.click()} status={kindOfChat(peer) === 'status'} />}
      />
      <input
        ref={picker}
        type="file"
        name="files"
        multiple
        hidden
        aria-label="Files to send"
        onChange={({ currentTarget }) => {
          take(currentTarget.files);
          currentTarget.value = '';
        }}
      />
      {files.length > 0 && <FilesSheet files={files} onSend={send} onClose={() => setFiles([])} />}
      {form === 'link' && <LinkForm onSend={send} onClose={done} />}
      {form === 'location' && <LocationForm onSend={send} onClose={done} />}
      {form === 'contacts' && <ContactsForm phones={phones} onSend={send} onClose={done} />}
      {form === 'poll' && <PollForm onSend={send} onClose={done} />}
    </div>
  );
}

function DraftBar({ draft, self, onDrop }: { draft: Draft; self: string; onDrop: () => void }) {
  const nameOf = useNames(self);
  if (!draft) return null;
  const { kind, message } = draft;
  const author = message.from_me ? self : message.author;
  return (
    <div class="draft-bar">
      <Icon of={kind === 'edit' ? Pencil : Reply} size={16} />
      <span class="quote">
        <b>{kind === 'edit' ? 'Edit' : author ? nameOf(author) : 'Reply'}</b>
        <span>{summary(message, nameOf)}</span>
      </span>
      <IconButton icon={X} label={kind === 'edit' ? 'Do not edit' : 'Do not reply'} size={16} onClick={onDrop} />
    </div>
  );
}

/** Takes files that are dropped anywhere on the conversation; shown while something is dragged over it. */
function DropZone({ onFiles }: { onFiles: (files: FileList | null | undefined) => void }) {
  const [over, setOver] = useState(false);
  const zone = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const screen = zone.current?.closest<HTMLElement>('.screen');
    if (!screen) return undefined;
    const events = new AbortController();
    const { signal } = events;
    screen.addEventListener('dragover', (event) => {
      event.preventDefault();
      setOver(true);
    }, { signal });
    screen.addEventListener('dragleave', (event) => {
      if (!screen.contains(event.relatedTarget as Node | null)) setOver(false);
    }, { signal });
    screen.addEventListener('drop', (event) => {
      event.preventDefault();
      setOver(false);
      onFiles(event.dataTransfer?.files);
    }, { signal });
    return () => events.abort();
  }, []);
  return <div ref={zone} class={over ? 'drop-zone over' : 'drop-zone'} aria-hidden="true">{over && 'Drop it here'}</div>;
}

/** Why nothing can be written here, and what can be done about it. */
function useClosed({ phone, peer, name, group }: Props) {
  const attempt = useAttempt();
  const me = group?.participants.find((one) => one.phone === phone.phone);
  if (phone.blocked?.includes(peer)) {
    return (
      <p class="closed">
        You have blocked {name}.{' '}
        <button
          type="button"
          class="quiet-button"
          onClick={() => void attempt(() => act(phone.phone, 'unblock', { phone: peer }))}
        >
          Unblock
        </button>
      </p>
    );
  }
  if (group && !me) return <p class="closed">You are not in this group any more.</p>;
  if (group?.announce && !me?.admin) return <p class="closed">Only admins write here.</p>;
  return null;
}
