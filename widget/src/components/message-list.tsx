import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Chat } from '../chat';
import { formatDay } from '../dates';
import { groupByDay } from '../groups';
import { texts } from '../texts';
import { Avatar } from './avatar';
import { MessageGroup } from './message-group';

/** How near the top older messages are fetched. */
const NEAR_TOP_PX = 160;

/** The conversation: grows at its end, and fetches older messages at its top. */
export function MessageList({ chat }: { chat: Chat }) {
  const scroller = useRef<HTMLDivElement>(null);
  const { store } = chat;
  const entries = store.entries.value;
  const lastOwn = entries.findLast(({ author }) => author === 'visitor')?.id;
  const isEmpty = entries.length === 0;

  const loadOlderNearTop = () => {
    const list = scroller.current;
    // In a reversed column the end is at 0, and the top at a negative offset.
    if (!list || list.scrollHeight - list.clientHeight + list.scrollTop > NEAR_TOP_PX) return;
    if (store.older.value === 'ready') void chat.loadOlder();
  };
  useLayoutEffect(loadOlderNearTop, [entries.length, store.older.value]);
  // Whoever writes wants to see what they wrote.
  useLayoutEffect(() => scroller.current?.scrollTo(0, 0), [lastOwn]);

  return (
    <div
      class="scroller"
      ref={scroller}
      onScroll={loadOlderNearTop}
      role="log"
      aria-label={texts.log}
      // What is loaded is not news, and not read out.
      aria-live={store.history.value === 'ready' ? 'polite' : 'off'}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys can scroll only what has the focus
      tabIndex={0}
    >
      <div class="conversation">
        <Beginning chat={chat} isEmpty={isEmpty} />
        {groupByDay(entries).map((day) => (
          <section key={day.key}>
            <h3 class="day">{formatDay(day.key)}</h3>
            {day.groups.map((group) => (
              <MessageGroup key={group.key} group={group} lastOwn={lastOwn} chat={chat} />
            ))}
          </section>
        ))}
        {store.typingName.value !== null && <Typing name={store.typingName.value} />}
      </div>
    </div>
  );
}

/** What stands above the messages, or in their stead. */
function Beginning({ chat, isEmpty }: { chat: Chat; isEmpty: boolean }) {
  const { history, older, isAgentOnline } = chat.store;
  if (history.value === 'loading') return <Skeleton />;
  if (history.value === 'failed') {
    return <Failure text={texts.loadFailed} onRetry={() => chat.tryAgain()} />;
  }
  if (older.value === 'loading') return <p class="notice">{texts.loading}</p>;
  if (older.value === 'failed') {
    return <Failure text={texts.olderFailed} onRetry={() => void chat.loadOlder()} />;
  }
  if (!isEmpty) return null;
  return (
    <div class="welcome">
      <p class="greeting">{texts.welcome}</p>
      <p>{isAgentOnline.value ? texts.welcomeOnline : texts.welcomeAway}</p>
    </div>
  );
}

function Failure({ text, onRetry }: { text: string; onRetry: () => void }) {
  return (
    <div class="notice" role="alert">
      <p>{text}</p>
      <button type="button" class="text-button" onClick={onRetry}>
        {texts.tryAgain}
      </button>
    </div>
  );
}

function Skeleton() {
  return (
    <div class="skeleton">
      <span class="hidden">{texts.loading}</span>
      <i />
      <i />
      <i />
      <i />
    </div>
  );
}

function Typing({ name }: { name: string }) {
  return (
    <div class="group theirs">
      <span class="hidden">{texts.isTyping(name)}</span>
      <Avatar name={name} size="small" />
      <div class="bubble dots">
        <i />
        <i />
        <i />
      </div>
    </div>
  );
}
