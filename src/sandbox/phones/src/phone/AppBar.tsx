import { ArrowLeft } from 'lucide';
import type { ComponentChildren } from 'preact';
import { IconButton } from '../parts/Icon';

interface Props {
  title: ComponentChildren;
  onBack?: () => void;
  children?: ComponentChildren;
}

/** The bar at the top of a phone's screen. */
export function AppBar({ title, onBack, children }: Props) {
  return (
    <header class="app-bar">
      {onBack && <IconButton icon={ArrowLeft} label="Back" onClick={onBack} />}
      <div class="app-title">{title}</div>
      {children}
    </header>
  );
}
