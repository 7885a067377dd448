import type { ChatState } from './host';
import css from './launcher.css?inline';

const SPEECH_BUBBLE =
  'M12 3c5.2 0 9 3.4 9 7.8s-3.8 7.8-9 7.8c-.9 0-1.8-.1-2.6-.3l-4.5 2.3c-.4.2-.9-.1-.8-.6l.5-3.3C3.6 15.2 3 13.1 3 10.8 3 6.4 6.8 3 12 3Z';
const CHEVRON =
  'M6.3 9.3a1 1 0 0 1 1.4 0l4.3 4.3 4.3-4.3a1 1 0 1 1 1.4 1.4l-5 5a1 1 0 0 1-1.4 0l-5-5a1 1 0 0 1 0-1.4Z';

/** The button in the corner of the page, in a shadow root the page's styles do not reach. */
export class Launcher {
  readonly root: ShadowRoot;
  readonly button = document.createElement('button');
  readonly #element = document.createElement('parlour-chat');
  readonly #badge = document.createElement('span');
  readonly #name: string;

  constructor(projectName: string) {
    this.#name = `Chat with ${projectName}`;
    this.root = this.#element.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    this.root.adoptedStyleSheets = [sheet];

    this.button.type = 'button';
    this.button.className = 'launcher';
    this.button.setAttribute('aria-haspopup', 'dialog');
    this.#badge.className = 'badge';
    this.#badge.setAttribute('aria-hidden', 'true');
    this.button.append(drawIcon(SPEECH_BUBBLE), drawIcon(CHEVRON), this.#badge);
    this.show({ isOpen: false, unread: 0 });

    this.root.append(this.button);
    document.body.append(this.#element);
  }

  /** Show whether the chat is open, and how many messages wait. */
  show({ isOpen, unread }: ChatState): void {
    const waiting = unread === 1 ? '1 unread message' : `${unread} unread messages`;
    this.#setName(unread ? `${this.#name}, ${waiting}` : this.#name);
    this.button.setAttribute('aria-expanded', String(isOpen));
    this.#badge.textContent = unread > 9 ? '9+' : unread ? String(unread) : '';
  }

  /** Say that the chat did not come, and that another click tries again. */
  showFailure(): void {
    const sentence = 'The chat could not be loaded. Try again.';
    this.#setName(sentence);
    this.button.title = sentence;
  }

  remove(): void {
    this.#element.remove();
  }

  #setName(name: string): void {
    this.button.setAttribute('aria-label', name);
    this.button.removeAttribute('title');
  }
}

function drawIcon(outline: string): SVGSVGElement {
  const icon = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  icon.setAttribute('viewBox', '0 0 24 24');
  icon.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', outline);
  icon.append(path);
  return icon;
}
