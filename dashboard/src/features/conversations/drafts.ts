import { useCallback, useState } from 'react';
import { useUser } from '../../api/use-session';
import { load, save } from '../../lib/storage';

const draftKey = (userId: string, conversationId: string) =>
  `parlour.draft.${userId}.${conversationId}`;

/** What is half written in a conversation: kept while typing, per member, across reloads. */
export function useDraft(conversationId: string): [string, (text: string) => void] {
  const key = draftKey(useUser()?.id ?? '', conversationId);
  const [draft, setDraft] = useState(() => load<string>(key) ?? '');

  const write = useCallback(
    (text: string) => {
      setDraft(text);
      save(key, text === '' ? null : text);
    },
    [key],
  );
  return [draft, write];
}
