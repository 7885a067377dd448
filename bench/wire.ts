/** What Parlour says on the wire, as far as the generator reads it. */

export interface Message {
  id: string;
  conversation_id: string;
  seq: number;
}

export interface LogEvent {
  seq: number;
  type: string;
  data?: { message?: Message };
}

export interface Refusal {
  code: string;
  message?: string;
  retry_after?: number;
}

export interface Ack {
  ok?: true;
  error?: Refusal;
  message?: Message;
}

export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

export interface Conversation {
  id: string;
  last_message_seq: number;
}

/** Refusals that ask for another try with the same id. */
export const RETRYABLE: ReadonlySet<string> = new Set(['unavailable', 'busy', 'rate_limited']);
