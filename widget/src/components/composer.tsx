import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Chat } from '../chat';
import { texts } from '../texts';
import { SendIcon } from './icons';

/** The longest message the server takes, in characters. */
const LONGEST = 10_000;

/** How few characters are left when the visitor is told. */
const NEAR_END = 500;

interface Props {
  chat: Chat;
  counterId: string;
  /** Whether writing is what the visitor opened the chat for. */
  takesFocus: boolean;
}

/** Where the visitor writes. */
export function Composer({ chat, counterId, takesFocus }: Props) {
  const field = useRef<HTMLTextAreaElement>(null);
  const text = chat.store.draft.value;
  const left = LONGEST - countCharacters(text);
  const canSend = left >= 0 && text.trim() !== '';

  useEffect(() => {
    if (takesFocus) field.current?.focus({ preventScroll: true });
  }, [takesFocus]);
  useLayoutEffect(() => fitToText(field.current), [text]);

  const send = () => {
    if (canSend) void chat.send();
    field.current?.focus({ preventScroll: true });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method is open, Enter chooses a word.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };

  return (
    <div class="composer">
      <textarea
        ref={field}
        rows={1}
        value={text}
        placeholder={texts.placeholder}
        aria-label={texts.message}
        aria-describedby={counterId}
        aria-invalid={left < 0}
        enterkeyhint="send"
        dir="auto"
        onInput={(event) => chat.write(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <p id={counterId} class={left < 0 ? 'counter failure' : 'counter'} role="status">
        {left < NEAR_END && (left < 0 ? texts.tooLong(-left) : texts.left(left))}
      </p>
      <button type="button" class="send" aria-label={texts.send} disabled={!canSend} onClick={send}>
        <SendIcon />
      </button>
    </div>
  );
}

/** Count as the server does. An emoji is one character there, and two or more units here. */
function countCharacters(text: string): number {
  return text.length > LONGEST - NEAR_END ? [...text.trim()].length : text.length;
}

/** Grow with the text, up to what the style sheet allows. */
function fitToText(field: HTMLTextAreaElement | null): void {
  if (!field) return;
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight}px`;
}
