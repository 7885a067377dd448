function Icon({ outline }: { outline: string }) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d={outline} />
    </svg>
  );
}

export function CloseIcon() {
  return (
    <Icon outline="M6.3 6.3a1 1 0 0 1 1.4 0l4.3 4.3 4.3-4.3a1 1 0 1 1 1.4 1.4L13.4 12l4.3 4.3a1 1 0 0 1-1.4 1.4L12 13.4l-4.3 4.3a1 1 0 0 1-1.4-1.4l4.3-4.3-4.3-4.3a1 1 0 0 1 0-1.4Z" />
  );
}

export function SendIcon() {
  return (
    <Icon outline="m4.4 4.3 16.1 6.900c.7.3.7 1.3 0 1.600L4.4 19.700c-.7.3-1.4-.4-1.2-1.100l2-5.800L12 12l-6.8-.8-2-5.800c-.2-.7.5-1.4 1.2-1.100Z" />
  );
}
