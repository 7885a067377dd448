import type { ChatState } from './host';
import css from './launcher.css?inline';

const SPEECH_BUBBLE =
  'M12 3.5c5 0 9 3.4 9 7.7s-4 7.7-9 7.7q-1.6 0-3-.4L4.5 20.5l.8-3.6C3.9 15.5 3 13.4 3 11.2c0-4.3 4-7.7 9-7.7Z';
const CHEVRON = 'm7 10 5 5 5-5';

/** The button in the corner of the page, in a shadow root the page's styles do not reach. */
export class Launcher {
  readonly root: ShadowRoot;
  readonly button = document.createElement('button');
  readonly #element = document.createElement('parlour-chat');
  readonly #badge = document.createElement('span');

  constructor() {
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
    const waiting = unread ? `, ${unread} unread` : '';
    this.button.setAttribute('aria-label', isOpen ? 'Close chat' : `Open chat${waiting}`);
    this.button.setAttribute('aria-expanded', String(isOpen));
    this.button.title = '';
    this.#badge.textContent = unread > 9 ? '9+' : String(unread || '');
  }

  /** Say that the chat did not come, and that another click tries again. */
  showFailure(): void {
    this.button.title = 'The chat could not be loaded. Try again.';
  }

  remove(): void {
    this.#element.remove();
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
