/** The service's reasons begin in lower case, to stand inside a sentence; alone they begin with a capital. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
