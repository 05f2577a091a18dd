/** An element with a class and children. Text goes in as text, never as markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K, className: string, ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/** Gives an element these children, and leaves it alone where it has them already: pictures stay loaded. */
export function fill(parent: HTMLElement, children: readonly Node[]): void {
  const same = parent.childNodes.length === children.length &&
    children.every((child, index) => parent.childNodes[index] === child);
  if (!same) parent.replaceChildren(...children);
}

/** `14:05` */
export function clock(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

/** `Today`, `Yesterday`, or the date. */
export function day(seconds: number): string {
  const date = new Date(seconds * 1000);
  const since = Math.round((midnight(new Date()) - midnight(date)) / 86_400_000);
  if (since === 0) return 'Today';
  if (since === 1) return 'Yesterday';
  return date.toLocaleDateString([], { day: 'numeric', month: 'long', year: 'numeric' });
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** `1:07` */
export function length(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** `12 kB` */
export function fileSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A colour that is always the same for the same text, and dark enough to read. */
export function colourOf(text: string): string {
  let hash = 7;
  for (const char of text) hash = (hash * 31 + char.charCodeAt(0)) % 360;
  return `hsl(${hash} 55% 36%)`;
}
