/** A stable word at the head of a reason (`proxy_refused: …`) is for programs; people read its words. */
export function readable(text: string): string {
  return text.replace(/^[a-z]+(_[a-z]+)+(?=: )/, (word) => word.replaceAll("_", " "));
}

/** The service's reasons begin in lower case, to stand inside a sentence; alone they begin with a capital. */
export function sentence(text: string): string {
  const words = readable(text);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
