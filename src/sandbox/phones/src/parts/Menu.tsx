import { EllipsisVertical, type IconNode } from 'lucide';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon, IconButton } from './Icon';

export interface MenuItem {
  label: string;
  icon?: IconNode;
  danger?: boolean;
  act: () => void;
}

interface Props {
  label: string;
  /** Asked for when it opens. */
  items: () => MenuItem[];
  icon?: IconNode;
  /** Stands above the items: something quicker to choose from. */
  children?: (close: () => void) => ComponentChildren;
  class?: string;
}

/** A button that opens a list of things to do. Arrow keys move, Escape closes and goes back to the button. */
export function Menu({ label, items, icon = EllipsisVertical, children, class: extra }: Props) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const close = () => {
    setOpen(false);
    box.current?.querySelector<HTMLElement>('button')?.focus();
  };
  return (
    <div class={`menu-box ${extra ?? ''}`} ref={box}>
      <IconButton
        icon={icon}
        label={label}
        size={18}
        expanded={open}
        onClick={() => (open ? close() : setOpen(true))}
      />
      {open && (
        <OpenMenu label={label} items={items()} box={box} onClose={close} onLeave={() => setOpen(false)}>
          {children?.(close)}
        </OpenMenu>
      )}
    </div>
  );
}

interface OpenProps {
  label: string;
  items: MenuItem[];
  box: { current: HTMLDivElement | null };
  onClose: () => void;
  /** Something else was pressed, focused or scrolled. */
  onLeave: () => void;
  children: ComponentChildren;
}

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

function OpenMenu({ label, items, box, onClose, onLeave, children }: OpenProps) {
  const menu = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!menu.current || !box.current) return;
    // In the browser's top layer nothing cuts it off, wherever its button scrolls.
    menu.current.showPopover();
    const around = box.current.closest('.screen')?.getBoundingClientRect();
    place(menu.current, box.current.getBoundingClientRect(), around ?? document.body.getBoundingClientRect());
    menu.current.querySelector<HTMLElement>('button')?.focus();
  }, []);
  useEffect(() => {
    const outside = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) onLeave();
    };
    const names = ['pointerdown', 'focusin', 'scroll'] as const;
    for (const name of names) document.addEventListener(name, outside, true);
    return () => {
      for (const name of names) document.removeEventListener(name, outside, true);
    };
  }, []);
  const steer = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      onClose();
      return;
    }
    const step = STEPS[event.key];
    const buttons = [...(menu.current?.querySelectorAll<HTMLElement>('button') ?? [])];
    if (step === undefined || buttons.length === 0) return;
    event.preventDefault();
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    buttons[(at + step + buttons.length) % buttons.length]?.focus();
  };
  return (
    <div class="menu" ref={menu} popover="manual" role="menu" aria-label={label} onKeyDown={steer}>
      {children}
      {items.map((item) => (
        <button
          type="button"
          role="menuitem"
          key={item.label}
          class={item.danger ? 'danger' : ''}
          onClick={() => {
            onClose();
            item.act();
          }}
        >
          {item.icon && <Icon of={item.icon} size={17} />}
          {item.label}
        </button>
      ))}
    </div>
  );
}

/** Distance from the edges of the window, in pixels. */
const MARGIN = 6;

/** Below its button, or above it where there is no room; towards the middle of its phone, and always inside the window. */
function place(menu: HTMLElement, button: DOMRect, around: DOMRect): void {
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = button.bottom + 4;
  const top = below + height + MARGIN <= innerHeight ? below : button.top - height - 4;
  const onTheLeft = button.left + button.right < around.left + around.right;
  const left = onTheLeft ? button.left : button.right - width;
  menu.style.top = `${Math.max(MARGIN, top)}px`;
  menu.style.left = `${Math.max(MARGIN, Math.min(left, innerWidth - width - MARGIN))}px`;
}
