import { Contact, Link, ListTodo, MapPin, Paperclip, Plus } from 'lucide';
import { Menu } from '../parts/Menu';

export type AttachForm = 'link' | 'location' | 'contacts' | 'poll';

interface Props {
  /** Among status posts there are only texts and files. */
  status: boolean;
  onFiles: () => void;
  onForm: (form: AttachForm) => void;
}

/** Everything that can be sent besides text. */
export function AttachMenu({ status, onFiles, onForm }: Props) {
  const items = () => [
    { label: 'Picture, video, sound or file', icon: Paperclip, act: onFiles },
    { label: 'Link with a preview', icon: Link, act: () => onForm('link') },
    ...(status
      ? []
      : [
          { label: 'Location', icon: MapPin, act: () => onForm('location') },
          { label: 'Contact', icon: Contact, act: () => onForm('contacts') },
          { label: 'Poll', icon: ListTodo, act: () => onForm('poll') },
        ]),
  ];
  return <Menu label="Attach" icon={Plus} items={items} class="attach" />;
}
