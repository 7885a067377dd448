import type { Memory } from './memory';
import type { VisitorMessage, WidgetSession } from './types';

/** What the loader gives the app. */
export interface Host {
  /** Where the server is, with a slash at the end. */
  base: string;
  root: ShadowRoot;
  session: WidgetSession;
  /** Asks for the session again; waits until there is an answer. */
  renewSession(): Promise<WidgetSession>;
  /** Kept for this browser, and shared by its tabs. */
  memory: Memory;
  /** Kept for this tab. */
  tabMemory: Memory;
  onState(state: ChatState): void;
  onMessage(message: VisitorMessage): void;
}

export interface ChatState {
  isOpen: boolean;
  unread: number;
}

/** What the app gives the loader. */
export interface App {
  open(options?: { focus: boolean }): void;
  close(): void;
  destroy(): void;
}

export interface AppModule {
  start(host: Host): App;
}
