import { Ban, ExternalLink, MapPin } from 'lucide';
import type { Message } from '../api/shapes';
import { contentOf, type Card, type Content, type Preview } from '../model/content';
import { typedNumber } from '../model/person';
import { summary } from '../model/summary';
import { Avatar } from '../parts/Avatar';
import { Icon } from '../parts/Icon';
import type { ChatActions } from './actions';
import { MediaBody } from './MediaBody';
import { PollBody } from './PollBody';
import { TextPieces } from './TextPieces';

interface Props {
  message: Message;
  self: string;
  actions: ChatActions;
  onOpen: (peer: string) => void;
}

/** What a message holds, whatever its type. */
export function MessageBody({ message, self, actions, onOpen }: Props) {
  const content = contentOf(message);
  switch (content.kind) {
    case 'text':
      return (
        <>
          {content.preview && <PreviewCard preview={content.preview} />}
          <span class="text"><TextPieces text={content.text} /></span>
        </>
      );
    case 'image':
    case 'video':
    case 'audio':
    case 'document':
    case 'sticker': {
      const heard = message.from_me ? undefined : () => void actions.played(message).catch(() => undefined);
      return <MediaBody content={content} onPlayed={heard} />;
    }
    case 'location':
      return <Place place={content} />;
    case 'contacts':
      return <>{content.cards.map((card, index) => <ContactCard key={index} card={card} onOpen={onOpen} />)}</>;
    case 'poll':
      return (
        <PollBody
          message={message}
          name={content.name}
          options={content.options}
          selectable={content.selectable}
          self={self}
          onVote={(options) => actions.vote(message, options)}
        />
      );
    case 'revoked':
      return <span class="text gone"><Icon of={Ban} size={14} /> {summary(message)}</span>;
    default:
      return <span class="text">{summary(message)}</span>;
  }
}

function PreviewCard({ preview }: { preview: Preview }) {
  return (
    <a class="preview" href={preview.url} target="_blank" rel="noopener noreferrer">
      {preview.thumbnail && <img src={preview.thumbnail} alt="" />}
      <b>{preview.title || preview.url}</b>
      {preview.description && <small>{preview.description}</small>}
      <small class="quiet">{new URL(preview.url).hostname}</small>
    </a>
  );
}

function Place({ place }: { place: Extract<Content, { kind: 'location' }> }) {
  const { latitude, longitude, name, address, url } = place;
  return (
    <span class="file">
      <Icon of={MapPin} size={26} label="Location" />
      <b>{name || 'Location'}</b>
      <small>{[address, `${latitude}, ${longitude}`].filter(Boolean).join(' · ')}</small>
      {url && (
        <a href={url} target="_blank" rel="noopener noreferrer"><Icon of={ExternalLink} size={18} label="Open its address" /></a>
      )}
    </span>
  );
}

function ContactCard({ card, onOpen }: { card: Card; onOpen: (peer: string) => void }) {
  const phone = card.phones.map(typedNumber).find((digits) => digits !== undefined);
  return (
    <span class="file contact-card">
      <Avatar id={phone ?? card.name} name={card.name} size="small" />
      <b>{card.name || 'Contact'}</b>
      <small>{card.phones.join(', ')}</small>
      {phone && <button type="button" class="quiet-button" onClick={() => onOpen(phone)}>Message</button>}
    </span>
  );
}
