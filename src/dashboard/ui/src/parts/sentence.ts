/**
 * The service's reasons begin in lower case, to stand inside a sentence; alone they begin with a capital. A stable word at their
 * head (`proxy_refused: …`) is for programs, and is read as its words.
 */
export function sentence(text: string): string {
  const readable = text.replace(/^[a-z]+(_[a-z]+)+(?=: )/, (word) => word.replaceAll("_", " "));
  return readable.charAt(0).toUpperCase() + readable.slice(1);
}
