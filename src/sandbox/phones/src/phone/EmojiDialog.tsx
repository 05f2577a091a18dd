import { useState } from 'preact/hooks';
import { Dialog } from '../parts/Dialog';
import { useSubmit } from '../parts/submit';
import { TextInput } from '../parts/TextInput';

const MORE = ['😀', '😍', '😎', '🤔', '🙄', '😭', '😡', '🥳', '🎉', '🔥', '💯', '✅', '❌', '👏', '🙌', '👀', '💪', '🤝', '🍰', '☕'];

/** Any emoji at all, for a reaction. */
export function EmojiDialog({ onChoose, onClose }: { onChoose: (emoji: string) => Promise<unknown>; onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const { busy, error, send } = useSubmit();
  const choose = (emoji: string) =>
    void send(async () => {
      await onChoose(emoji);
      onClose();
    }, ['emoji']);
  return (
    <Dialog title="React" onClose={onClose}>
      <div class="emoji-grid" role="group" aria-label="Emoji">
        {MORE.map((emoji) => (
          <button type="button" key={emoji} aria-label={`React with ${emoji}`} disabled={busy} onClick={() => choose(emoji)}>
            {emoji}
          </button>
        ))}
      </div>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          choose(typed.trim());
        }}
      >
        <TextInput label="Any other" name="emoji" value={typed} error={error('emoji')} onChange={setTyped} />
        <button class="main-button" disabled={busy || typed.trim() === ''}>React</button>
      </form>
    </Dialog>
  );
}
