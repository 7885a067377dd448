import { cleanup, fireEvent, render, screen } from '@testing-library/preact';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Chat } from '../chat';
import { Store } from '../store';
import { Panel } from './panel';

let store: Store;

beforeEach(() => {
  store = new Store();
  store.projectName.value = 'Shop';
  store.history.value = 'ready';
  store.connection.value = 'online';
  Element.prototype.scrollTo = () => undefined;
});

afterEach(cleanup);

test('is a dialog with the name of the project, and says whether somebody is there', async () => {
  open();
  expect(screen.getByRole('dialog', { name: 'Shop' })).toBeTruthy();
  expect(screen.getByText('We reply as soon as we can')).toBeTruthy();
  store.isAgentOnline.value = true;
  expect(await screen.findByText('We are online')).toBeTruthy();
});

test('Enter sends; Shift+Enter and Enter within an input method do not', async () => {
  store.draft.value = 'Hello';
  const { chat } = open();
  const field = screen.getByRole('textbox');
  fireEvent.keyDown(field, { key: 'Enter', shiftKey: true });
  fireEvent.keyDown(field, { key: 'Enter', isComposing: true });
  expect(chat.send).not.toHaveBeenCalled();
  fireEvent.keyDown(field, { key: 'Enter' });
  expect(chat.send).toHaveBeenCalledTimes(1);
});

test('there is nothing to send while nothing is written', () => {
  store.draft.value = '  \n ';
  const { chat } = open();
  const button: HTMLButtonElement = screen.getByRole('button', { name: 'Send message' });
  expect(button.disabled).toBe(true);
  fireEvent.keyDown(screen.getByRole('textbox'), { key: 'Enter' });
  expect(chat.send).not.toHaveBeenCalled();
});

test('counts characters near the limit, and sends nothing above it', async () => {
  store.draft.value = '👍'.repeat(9_600);
  const { chat } = open();
  expect(screen.getByText('400 characters left')).toBeTruthy();
  store.draft.value = 'x'.repeat(10_001);
  expect(await screen.findByText('1 character too many')).toBeTruthy();
  expect(screen.getByRole('textbox').getAttribute('aria-invalid')).toBe('true');
  fireEvent.keyDown(screen.getByRole('textbox'), { key: 'Enter' });
  expect(chat.send).not.toHaveBeenCalled();
});

test('Escape closes', () => {
  const { chat } = open();
  fireEvent.keyDown(screen.getByRole('textbox'), { key: 'Escape' });
  expect(chat.close).toHaveBeenCalledTimes(1);
});

test('a text is text, and its addresses are links that give nothing away', () => {
  post('<b>Look</b> at https://shop.example/a.', 'member');
  open();
  const link = screen.getByRole('link');
  expect(link.getAttribute('href')).toBe('https://shop.example/a');
  expect(link.getAttribute('rel')).toBe('noopener noreferrer nofollow');
  expect(link.getAttribute('target')).toBe('_blank');
  expect(screen.getByRole('log').querySelector('b')).toBeNull();
});

test('says how far the last own message got', async () => {
  store.waiting.value = [waiting('x')];
  open();
  expect(screen.getByText('Sending…')).toBeTruthy();
  store.heldUp.value = 8;
  expect(await screen.findByText(/8 seconds/)).toBeTruthy();
  store.connection.value = 'offline';
  expect(await screen.findByText('Not sent yet')).toBeTruthy();
  expect(screen.getByText(/your messages will be sent when you are back/)).toBeTruthy();
  post('x', 'visitor', 'x');
  expect(await screen.findByText(/Sent/)).toBeTruthy();
});

test('a message that failed says why, and can be sent again or discarded', () => {
  store.waiting.value = [waiting('x', 'Too long.')];
  const { chat } = open();
  expect(screen.getByText(/Not sent: Too long\./)).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Retry' }));
  expect(chat.retry).toHaveBeenCalledWith('x');
  fireEvent.click(screen.getByRole('button', { name: 'Discard' }));
  expect(chat.discard).toHaveBeenCalledWith('x');
});

test('welcomes whoever has not written yet, and nobody while the history loads', async () => {
  store.history.value = 'loading';
  open();
  expect(screen.queryByText(/How can we help/)).toBeNull();
  store.history.value = 'ready';
  expect(await screen.findByText(/How can we help/)).toBeTruthy();
});

test('a history that cannot be read is said, with a way out', () => {
  store.history.value = 'failed';
  const { chat } = open();
  fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(chat.tryAgain).toHaveBeenCalledTimes(1);
});

function open() {
  const chat = {
    store,
    close: vi.fn(),
    write: vi.fn(),
    send: vi.fn(),
    retry: vi.fn(),
    discard: vi.fn(),
    tryAgain: vi.fn(),
    loadOlder: vi.fn(),
  };
  render(<Panel chat={chat as unknown as Chat} takesFocus={false} />);
  return { chat };
}

function post(text: string, kind: 'visitor' | 'member', id = 'm1'): void {
  store.addPosted([
    {
      id,
      conversation_id: 'c1',
      seq: 1,
      author: { kind, name: 'Maya' },
      kind: 'text',
      text,
      data: null,
      created_at: '2026-01-02T03:04:05Z',
    },
  ]);
}

function waiting(id: string, failure?: string) {
  return {
    draft: { id, text: 'x', kind: 'text', data: null, context: null },
    created_at: '2026-01-02T03:04:05Z',
    ...(failure === undefined ? {} : { failure }),
  };
}
