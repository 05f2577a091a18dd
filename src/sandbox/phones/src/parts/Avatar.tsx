import { mediaUrl } from '../api/call';
import { initials, tint } from '../model/person';

interface Props {
  id: string;
  name: string;
  /** Media id. */
  picture?: string | null;
  size?: 'small' | 'large';
}

/** A person's or group's picture, or coloured initials. Always stands beside the name, so it is silent. */
export function Avatar({ id, name, picture, size }: Props) {
  const classes = `avatar tint-${tint(id)} ${size ?? ''}`;
  if (picture) return <img class={classes} src={mediaUrl(picture)} alt="" />;
  return <span class={classes} aria-hidden="true">{initials(name)}</span>;
}
