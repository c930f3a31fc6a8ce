package io.sluice.vmm.app;

import io.sluice.vmm.machine.CharBackend;
import io.sluice.vmm.machine.CharTarget;
import java.io.IOException;
import java.util.List;

/// A process with a console and no machine: what is typed comes back in angle brackets. `q` ends it with status 3, `t`
/// throws, `x` calls System.exit elsewhere, `f` floods the console.
final class EchoGuest {
    private EchoGuest() {}

    public static void main(String[] arguments) throws IOException {
        int status;
        var stop = new Runnable[1];
        try (var session = Session.open(
                List.of(new CharTarget.Stdio(arguments.length > 0)), null, false, key -> pressed(key, stop))) {
            stop[0] = () -> session.console().stop();
            var serial = session.serial().getFirst();
            var guest = new Guest(serial, session.console());
            serial.listen(guest);
            guest.print("pid " + ProcessHandle.current().pid() + "\n");
            session.console().run();
            if (guest.throwing) {
                throw new IllegalStateException("as asked");
            }
            status = guest.status;
        }
        System.exit(status);
    }

    private static void pressed(EscapeKey key, Runnable[] stop) {
        System.err.println("[" + key + "]");
        if (key == EscapeKey.QUIT) {
            stop[0].run();
        }
    }

    private static final class Guest implements CharBackend.Listener {
        private final CharBackend serial;
        private final Console console;
        private int status;
        private boolean throwing;

        Guest(CharBackend serial, Console console) {
            this.serial = serial;
            this.console = console;
        }

        @Override
        public void readable() {
            for (int octet = serial.read(); octet >= 0; octet = serial.read()) {
                obey(octet);
            }
        }

        private void obey(int octet) {
            switch (octet) {
                case 'q' -> {
                    status = 3;
                    console.stop();
                }
                case 't' -> {
                    throwing = true;
                    console.stop();
                }
                case 'x' -> new Thread(() -> System.exit(4)).start();
                case 'f' -> new Thread(() -> print("0123456789\n".repeat(100_000))).start();
                default -> print("<" + octet + ">");
            }
        }

        @Override
        public void writable() {}

        void print(String text) {
            for (int i = 0; i < text.length(); i++) {
                while (!serial.write((byte) text.charAt(i))) {
                    Thread.onSpinWait();
                }
            }
        }
    }
}
