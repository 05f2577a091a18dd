import { Download, EyeOff, FileText, Mic } from 'lucide';
import { useState } from 'preact/hooks';
import { mediaUrl } from '../api/call';
import type { MediaContent } from '../model/content';
import { printedLength, printedSize } from '../model/files';
import { Dialog } from '../parts/Dialog';
import { Icon } from '../parts/Icon';
import { TextPieces } from './TextPieces';

interface Props {
  content: MediaContent;
  /** Somebody has listened to it or looked at it. */
  onPlayed: (() => void) | undefined;
}

/** A picture, a video, a sound, a document or a sticker, with its caption. */
export function MediaBody({ content, onPlayed }: Props) {
  return (
    <>
      <Shown content={content} onPlayed={onPlayed} />
      {content.viewOnce && <small class="tag"><Icon of={EyeOff} size={13} /> View once</small>}
      {content.caption !== '' && <span class="text"><TextPieces text={content.caption} /></span>}
    </>
  );
}

function Shown({ content, onPlayed }: Props) {
  const { media, kind } = content;
  if (media === undefined) {
    return content.thumbnail ? (
      <img class="picture" src={content.thumbnail} alt="Small copy of a picture that is not here" />
    ) : (
      <span class="quiet">The file of this {kind} is not here.</span>
    );
  }
  const url = mediaUrl(media);
  switch (kind) {
    case 'image':
      return <Picture url={url} content={content} />;
    case 'sticker':
      return <img class="sticker" src={url} alt="Sticker" loading="lazy" />;
    case 'video':
      return (
        <video
          class="picture"
          src={url}
          {...(content.thumbnail && { poster: content.thumbnail })}
          controls
          loop={content.gif}
          muted={content.gif}
          preload="metadata"
          aria-label={content.gif ? 'GIF' : 'Video'}
          onPlay={onPlayed}
        />
      );
    case 'audio':
      return (
        <span class="sound">
          {content.voice && <Icon of={Mic} size={18} label="Voice note" />}
          <audio src={url} controls preload="metadata" aria-label={content.voice ? 'Voice note' : 'Audio'} onPlay={onPlayed} />
          {content.seconds !== undefined && <small>{printedLength(content.seconds)}</small>}
        </span>
      );
    default:
      return (
        <a class="file" href={url} download={content.filename || 'document'}>
          <Icon of={FileText} size={26} />
          <b>{content.filename || 'Document'}</b>
          <small>{[content.mime, printedSize(content.size)].filter(Boolean).join(' · ')}</small>
          <Icon of={Download} size={18} label="Download" />
        </a>
      );
  }
}

function Picture({ url, content }: { url: string; content: MediaContent }) {
  const [large, setLarge] = useState(false);
  const label = content.caption || 'Picture';
  // Its size is known before it is there, so that nothing jumps when it comes.
  const size = content.width && content.height ? { width: content.width, height: content.height } : {};
  return (
    <>
      <button type="button" class="picture-button" aria-label={`Open: ${label}`} onClick={() => setLarge(true)}>
        <img class="picture" src={url} alt={label} loading="lazy" {...size} />
      </button>
      {large && (
        <Dialog title={label} wide onClose={() => setLarge(false)}>
          <img class="large-picture" src={url} alt={label} />
        </Dialog>
      )}
    </>
  );
}
