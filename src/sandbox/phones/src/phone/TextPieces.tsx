import { usePeople } from '../parts/people';
import { pieces } from '../model/mentions';

/** A message's text: links can be followed, mentions are names. All of it is text. */
export function TextPieces({ text }: { text: string }) {
  const people = usePeople();
  return (
    <>
      {pieces(text, (phone) => people[phone]?.name).map((piece) =>
        piece.kind === 'link' ? (
          <a href={piece.url} target="_blank" rel="noopener noreferrer">{piece.text}</a>
        ) : piece.kind === 'mention' ? (
          <b class="mention">{piece.text}</b>
        ) : (
          piece.text
        ),
      )}
    </>
  );
}
