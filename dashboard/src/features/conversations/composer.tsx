import { ArrowUp, CornerDownLeft } from 'lucide-react';
import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useRef } from 'react';
import { setTyping } from '../../realtime/socket';
import { Button } from '../../ui/button';
import { useDraft } from './drafts';
import { useOutbox } from './messages';

const LONGEST = 10_000;
const COUNTED_FROM = 9_000;
const TALLEST = 220;
const TELL_EVERY = 3_000;
const STILL_AFTER = 4_000;

interface Props {
  projectId: string;
  conversationId: string;
  visitorName: string;
  inputRef: RefObject<HTMLTextAreaElement | null>;
  onEscape: () => void;
}

/** Where a reply is written. It works without a connection: what is sent then goes out later. */
export function Composer({ projectId, conversationId, visitorName, inputRef, onEscape }: Props) {
  const [draft, setDraft] = useDraft(conversationId);
  const outbox = useOutbox();
  const typing = useTypingSignal(projectId, conversationId);
  useAutosize(inputRef, draft);

  const length = [...draft].length;
  const isTooLong = length > LONGEST;
  const canSend = draft.trim() !== '' && !isTooLong;

  const send = () => {
    if (!canSend) return;
    outbox.add(projectId, conversationId, draft.trim());
    setDraft('');
    typing.stop();
    inputRef.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      onEscape();
    }
  };

  return (
    <form
      aria-label="Reply"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      className="mx-4 mb-4 shrink-0 rounded-[14px] border border-line-2 bg-raised shadow-2 transition-[border-color,box-shadow] focus-within:border-accent focus-within:shadow-[0_0_0_3px_color-mix(in_srgb,var(--accent)_16%,transparent)] phone:m-0 phone:flex phone:items-end phone:gap-2 phone:rounded-none phone:border-0 phone:border-line phone:border-t phone:bg-sheet phone:p-2 phone:pb-[max(8px,env(safe-area-inset-bottom))] phone:shadow-none phone:focus-within:border-line phone:focus-within:shadow-none"
    >
      <textarea
        ref={inputRef}
        rows={1}
        value={draft}
        aria-label={`Message to ${visitorName}`}
        aria-invalid={isTooLong}
        aria-describedby={length >= COUNTED_FROM ? 'reply-length' : undefined}
        placeholder={`Message ${visitorName}…`}
        enterKeyHint="send"
        onChange={(event) => {
          setDraft(event.target.value);
          typing.tell(event.target.value);
        }}
        onKeyDown={onKeyDown}
        onBlur={typing.stop}
        className="block w-full resize-none bg-transparent px-3.5 pt-3 pb-1 text-14 outline-none phone:min-h-10 phone:flex-1 phone:rounded-[20px] phone:bg-sunken phone:px-4 phone:py-2 phone:text-16"
      />
      <div className="flex items-center gap-2 px-2 pt-1 pb-2 phone:p-0">
        <p className="min-w-0 flex-1 truncate px-1.5 text-12 text-fg-3 phone:hidden">
          Shift + Enter for a new line
        </p>
        {length >= COUNTED_FROM && (
          <p
            id="reply-length"
            role="status"
            className={`text-12 tabular-nums ${isTooLong ? 'font-[550] text-bad' : 'text-fg-3'}`}
          >
            {length.toLocaleString()} of {LONGEST.toLocaleString()}
          </p>
        )}
        <Button
          type="submit"
          look="primary"
          isDisabled={!canSend}
          aria-label="Send"
          className="phone:size-10 phone:rounded-full phone:p-0"
        >
          <ArrowUp size={20} aria-hidden className="hidden phone:block" />
          <span className="phone:hidden">Send</span>
          <span className="grid h-[17px] place-items-center rounded-[4px] bg-white/18 px-1 phone:hidden">
            <CornerDownLeft size={12} aria-hidden />
          </span>
        </Button>
      </div>
    </form>
  );
}

function useAutosize(inputRef: RefObject<HTMLTextAreaElement | null>, text: string) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    const input = inputRef.current;
    const form = input?.form;
    if (!input || !form) return;
    // Held meanwhile: were the form to collapse, the thread above would scroll.
    form.style.height = `${form.offsetHeight}px`;
    input.style.height = 'auto';
    const needed = input.scrollHeight;
    input.style.height = `${Math.min(needed, TALLEST)}px`;
    form.style.height = '';
    input.style.overflowY = needed > TALLEST ? 'auto' : 'hidden';
  }, [inputRef, text]);
}

/** Tell the visitor that somebody is writing: now and then while it goes on, and when it ends. */
function useTypingSignal(projectId: string, conversationId: string) {
  const toldAt = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const stop = () => {
    clearTimeout(timer.current);
    if (toldAt.current === 0) return;
    toldAt.current = 0;
    setTyping(projectId, conversationId, false);
  };
  const tell = (text: string) => {
    clearTimeout(timer.current);
    if (text.trim() === '') {
      stop();
      return;
    }
    timer.current = setTimeout(stop, STILL_AFTER);
    const now = Date.now();
    if (now - toldAt.current < TELL_EVERY) return;
    toldAt.current = now;
    setTyping(projectId, conversationId, true);
  };

  const stopLatest = useRef(stop);
  useEffect(() => {
    stopLatest.current = stop;
  });
  useEffect(() => () => stopLatest.current(), []);
  return { tell, stop };
}
