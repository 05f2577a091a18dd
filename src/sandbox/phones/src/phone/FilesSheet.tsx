import { FileText } from 'lucide';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { upload } from '../api/call';
import { printedSize, tooLarge, waysToSend, type SendAs } from '../model/files';
import { fileMessage, type Outgoing } from '../model/outgoing';
import { Dialog } from '../parts/Dialog';
import { Field } from '../parts/Field';
import { Icon } from '../parts/Icon';
import { useSubmit } from '../parts/submit';

interface Props {
  files: File[];
  onSend: (message: Outgoing) => Promise<void>;
  onClose: () => void;
}

const WORDS: Readonly<Record<SendAs, string>> = {
  image: 'Picture', video: 'Video', audio: 'Audio', voice: 'Voice note', document: 'Document', sticker: 'Sticker',
};

/** The files that are about to be sent, one after the other, each with what it is sent as. */
export function FilesSheet({ files, onSend, onClose }: Props) {
  const [at, setAt] = useState(0);
  const file = files[at];
  if (!file) return null;
  const title = files.length > 1 ? `Send file ${at + 1} of ${files.length}` : 'Send';
  return (
    <Dialog title={title} onClose={onClose}>
      <FileForm
        key={at}
        file={file}
        onSend={async (message) => {
          await onSend(message);
          if (at + 1 < files.length) setAt(at + 1);
          else onClose();
        }}
      />
    </Dialog>
  );
}

function FileForm({ file, onSend }: { file: File; onSend: (message: Outgoing) => Promise<void> }) {
  const ways = waysToSend(file.type);
  const [as, setAs] = useState<SendAs>(ways[0]!);
  const [caption, setCaption] = useState('');
  const { busy, error, send } = useSubmit();
  const wrong = tooLarge(file.size, as);
  const captioned = as === 'image' || as === 'video' || as === 'document';
  const type = as === 'voice' ? 'audio' : as;
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void send(async () => {
          const { media } = await upload(file);
          await onSend(fileMessage(as, media, { name: file.name, caption }));
        }, [`${type}/caption`, type, 'caption']);
      }}
    >
      <Sample file={file} as={as} />
      <p class="quiet file-name">{file.name} · {printedSize(file.size)}</p>
      <Field label="Send as" error={wrong ?? (error(`${type}/caption`) ? undefined : error(type))}>
        {(attributes) => (
          <select {...attributes} name="as" value={as} onChange={(event) => setAs(event.currentTarget.value as SendAs)}>
            {ways.map((way) => <option key={way} value={way}>{WORDS[way]}</option>)}
          </select>
        )}
      </Field>
      {captioned && (
        <Field label="Caption" error={error(`${type}/caption`) ?? error('caption')}>
          {(attributes) => (
            <input {...attributes} name="caption" autocomplete="off" value={caption} onInput={(event) => setCaption(event.currentTarget.value)} />
          )}
        </Field>
      )}
      <button class="main-button" disabled={busy || wrong !== undefined}>{busy ? 'Sending…' : 'Send'}</button>
    </form>
  );
}

/** What the file shows or sounds like, from memory. */
function Sample({ file, as }: { file: File; as: SendAs }) {
  const url = useMemo(() => URL.createObjectURL(file), [file]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  switch (as) {
    case 'image':
    case 'sticker':
      return <img class="sample" src={url} alt="The picture that will be sent" />;
    case 'video':
      return <video class="sample" src={url} controls aria-label="The video that will be sent" />;
    case 'audio':
    case 'voice':
      return <audio src={url} controls aria-label="The sound that will be sent" />;
    default:
      return <Icon of={FileText} size={44} />;
  }
}
