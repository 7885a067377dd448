import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button } from './button';
import { toast } from './toast';

const SAID_FOR = 2_000;

/** Copies a text, and says so on itself. */
export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), SAID_FOR);
    return () => clearTimeout(timer);
  }, [isCopied]);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      toast('The browser did not let us copy. Select the text and copy it by hand.', 'bad');
    }
  };
  const Icon = isCopied ? Check : Copy;
  return (
    <Button onPress={copy}>
      <Icon size={15} aria-hidden className={isCopied ? 'text-ok' : 'text-fg-3'} />
      <span aria-live="polite">{isCopied ? 'Copied' : label}</span>
    </Button>
  );
}
