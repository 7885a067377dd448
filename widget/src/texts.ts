/** What the widget says. */
export const texts = {
  online: 'We are online',
  away: 'We reply as soon as we can',
  connecting: 'Connecting…',
  offline: 'Offline – your messages will be sent when you are back',
  refused: 'The chat is not available on this website.',
  close: 'Close',

  welcome: 'Hello! How can we help?',
  welcomeOnline: 'Write to us. Somebody is here to answer.',
  welcomeAway: 'Leave a message. You will find our answer here when you come back.',
  loading: 'Loading messages…',
  loadFailed: 'The messages could not be loaded.',
  olderFailed: 'Earlier messages could not be loaded.',
  tryAgain: 'Try again',

  log: 'Messages',
  you: 'You',
  today: 'Today',
  yesterday: 'Yesterday',
  isTyping: (name: string) => `${name} is typing`,

  sent: 'Sent',
  sending: 'Sending…',
  notSentYet: 'Not sent yet',
  heldUp: (seconds: number) =>
    `That was fast. Sending goes on in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`,
  failed: (reason: string) => `Not sent: ${reason}`,
  retry: 'Retry',
  discard: 'Discard',

  message: 'Message',
  placeholder: 'Write a message…',
  send: 'Send message',
  left: (count: number) => `${count} ${count === 1 ? 'character' : 'characters'} left`,
  tooLong: (count: number) => `${count} ${count === 1 ? 'character' : 'characters'} too many`,
};
