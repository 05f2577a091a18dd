import { useRef } from 'preact/hooks';
import { upload } from '../api/call';
import { Avatar } from '../parts/Avatar';
import { useAttempt } from '../parts/notice';

interface Props {
  id: string;
  name: string;
  picture: string | null | undefined;
  /** Whether it may be changed here. */
  mayChange: boolean;
  onChange: (media: string | null) => Promise<unknown>;
}

/** The picture of a person or a group, and the way to change it. */
export function PictureField({ id, name, picture, mayChange, onChange }: Props) {
  const attempt = useAttempt();
  const picker = useRef<HTMLInputElement>(null);
  const change = (file: File) => attempt(async () => onChange((await upload(file)).media), 'The picture is changed.');
  return (
    <div class="portrait">
      <Avatar id={id} name={name} picture={picture} size="large" />
      {mayChange && (
        <div class="buttons">
          <button type="button" class="quiet-button" onClick={() => picker.current?.click()}>
            {picture ? 'Change picture' : 'Set picture'}
          </button>
          {picture && (
            <button
              type="button"
              class="quiet-button danger"
              onClick={() => void attempt(() => onChange(null), 'The picture is removed.')}
            >
              Remove picture
            </button>
          )}
        </div>
      )}
      <input
        ref={picker}
        type="file"
        name="picture"
        accept="image/jpeg,image/png,image/webp"
        hidden
        aria-label="Picture"
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          currentTarget.value = '';
          if (file) void change(file);
        }}
      />
    </div>
  );
}
