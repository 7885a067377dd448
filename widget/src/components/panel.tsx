import { useEffect, useRef } from 'preact/hooks';
import type { Chat } from '../chat';
import { texts } from '../texts';
import { Composer } from './composer';
import { Header } from './header';
import { MessageList } from './message-list';

const TITLE_ID = 'title';
const COUNTER_ID = 'counter';

interface Props {
  chat: Chat;
  takesFocus: boolean;
}

/** The open chat. */
export function Panel({ chat, takesFocus }: Props) {
  const panel = useRef<HTMLDivElement>(null);
  // On a phone, writing brings up the keyboard, which hides what there is to read.
  const canType = matchMedia('(pointer: fine)').matches;

  useEffect(() => {
    if (takesFocus && !canType) panel.current?.focus({ preventScroll: true });
    return panel.current ? followViewport(panel.current) : undefined;
  }, [takesFocus, canType]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && !event.isComposing) chat.close();
  };

  return (
    <div
      ref={panel}
      class="panel"
      role="dialog"
      aria-labelledby={TITLE_ID}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      <Header store={chat.store} titleId={TITLE_ID} onClose={() => chat.close()} />
      <Banner chat={chat} />
      <MessageList chat={chat} />
      {chat.store.connection.value !== 'refused' && (
        <Composer chat={chat} counterId={COUNTER_ID} takesFocus={takesFocus && canType} />
      )}
    </div>
  );
}

/** What is wrong with the connection, if anything is. Always there, so that it is read out. */
function Banner({ chat }: { chat: Chat }) {
  const connection = chat.store.connection.value;
  return (
    <p class="banner" role="status">
      {connection === 'offline' && texts.offline}
      {connection === 'refused' && texts.refused}
    </p>
  );
}

/** Keep a panel that fills the screen above the keyboard. Returns what ends that. */
function followViewport(panel: HTMLElement): (() => void) | undefined {
  const viewport = window.visualViewport;
  if (!viewport) return undefined;
  const follow = () => {
    panel.style.setProperty('--viewport-height', `${viewport.height}px`);
    panel.style.setProperty('--viewport-top', `${viewport.offsetTop}px`);
  };
  follow();
  viewport.addEventListener('resize', follow);
  viewport.addEventListener('scroll', follow);
  return () => {
    viewport.removeEventListener('resize', follow);
    viewport.removeEventListener('scroll', follow);
  };
}
