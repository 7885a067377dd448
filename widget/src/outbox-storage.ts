import { openDB } from 'idb';
import type { MessageDraft } from './types';

/** A message that is not known to be on the server yet. */
export interface OutboxMessage {
  draft: MessageDraft;
  created_at: string;
  /** Why it will not be sent again by itself. */
  failure?: string;
}

/** Where the outbox keeps its messages. Ids are minted in order, so their order is the queue's. */
export interface OutboxStorage {
  list(): Promise<OutboxMessage[]>;
  put(message: OutboxMessage): Promise<void>;
  delete(id: string): Promise<void>;
  close(): void;
}

const MESSAGES = 'messages';

/**
 * Open the browser's database, which survives reload and navigation and is shared by tabs.
 * What it does not take, because there is none or it is full, is kept in memory.
 */
export async function openOutboxStorage(name: string): Promise<OutboxStorage> {
  const memory = new Map<string, OutboxMessage>();
  const database = await openDatabase(name).catch(() => null);

  return {
    async list() {
      const kept: OutboxMessage[] = (await database?.getAll(MESSAGES).catch(() => [])) ?? [];
      return [...kept, ...memory.values()].sort((a, b) => (a.draft.id < b.draft.id ? -1 : 1));
    },
    async put(message) {
      try {
        if (!database) throw new Error('There is no database.');
        await database.put(MESSAGES, message);
        memory.delete(message.draft.id);
      } catch {
        memory.set(message.draft.id, message);
      }
    },
    async delete(id) {
      memory.delete(id);
      await database?.delete(MESSAGES, id).catch(() => undefined);
    },
    close() {
      database?.close();
    },
  };
}

/** Where storage is switched off, asking for it throws at once: an async function rejects. */
async function openDatabase(name: string) {
  return openDB(name, 1, {
    upgrade: (created) => created.createObjectStore(MESSAGES, { keyPath: 'draft.id' }),
  });
}
