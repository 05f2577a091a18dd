import { EllipsisVertical, type IconNode } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon, IconButton } from './Icon';

export interface MenuItem {
  label: string;
  icon?: IconNode;
  danger?: boolean;
  act: () => void;
}

interface Props {
  label: string;
  items: MenuItem[];
  icon?: IconNode;
  /** Stands above the items: something quicker to choose from. */
  children?: (close: () => void) => ComponentChildren;
  /** On which side of the button it opens. */
  side?: 'left' | 'right';
  upwards?: boolean;
}

/** A button that opens a list of things to do. Arrow keys move, Escape closes and goes back to the button. */
export function Menu({ label, items, icon = EllipsisVertical, children, side = 'left', upwards }: Props) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (!open) return undefined;
    box.current?.querySelector<HTMLElement>('[role=menu] button')?.focus();
    const outside = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
    };
  }, [open]);

  const close = () => {
    setOpen(false);
    box.current?.querySelector<HTMLElement>('button')?.focus();
  };
  const steer = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
      return;
    }
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const buttons = [...(box.current?.querySelectorAll<HTMLElement>('[role=menu] button') ?? [])];
    if (step === undefined || buttons.length === 0) return;
    event.preventDefault();
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    buttons[(at + step + buttons.length) % buttons.length]?.focus();
  };

  return (
    <div class="menu-box" ref={box}>
      <IconButton icon={icon} label={label} size={18} onClick={() => (open ? close() : setOpen(true))} />
      {open && (
        <div class={`menu ${side} ${upwards ? 'upwards' : ''}`} role="menu" aria-label={label} onKeyDown={steer}>
          {children?.(close)}
          {items.map((item) => (
            <button
              type="button"
              role="menuitem"
              key={item.label}
              class={item.danger ? 'danger' : ''}
              onClick={() => {
                close();
                item.act();
              }}
            >
              {item.icon && <Icon of={item.icon} size={17} />}
              {item.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
