import type { IconNode } from 'lucide';
import { h } from 'preact';

interface Props {
  of: IconNode;
  size?: number;
  /** What it says where no text stands beside it. */
  label?: string;
}

/** A drawing of the Lucide set. Without a label it is an ornament that screen readers pass over. */
export function Icon({ of: node, size = 20, label }: Props) {
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      width={size}
      height={size}
      {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
    >
      {label && <title>{label}</title>}
      {node.map(([tag, attributes]) => h(tag, attributes))}
    </svg>
  );
}

interface ButtonProps {
  icon: IconNode;
  label: string;
  onClick: () => void;
  disabled?: boolean;
  size?: number;
  class?: string;
  pressed?: boolean;
  /** It opens something, and that is open. */
  expanded?: boolean;
}

/** A button that shows only a drawing; its label is its accessible name and its tooltip. */
export function IconButton({ icon, label, onClick, disabled, size, class: extra, pressed, expanded }: ButtonProps) {
  return (
    <button
      type="button"
      class={`icon-button ${extra ?? ''}`}
      aria-label={label}
      title={label}
      disabled={disabled}
      aria-pressed={pressed}
      aria-expanded={expanded}
      onClick={onClick}
    >
      <Icon of={icon} size={size} />
    </button>
  );
}
