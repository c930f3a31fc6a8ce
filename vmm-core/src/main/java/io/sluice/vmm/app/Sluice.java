package io.sluice.vmm.app;

import java.io.PrintStream;
import java.util.List;

/// The program: from arguments to exit status. Standard output carries what was asked for, the guest's console above
/// all; everything that we have to say goes to standard error, one line each.
final class Sluice {
    private static final int REFUSED = 1;

    private final PrintStream out;
    private final PrintStream err;

    Sluice(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /// @return the exit status
    int run(List<String> arguments) {
        try {
            return carryOut(Invocation.parse(arguments));
        } catch (UsageException e) {
            err.println("sluice: " + e.getMessage());
            return REFUSED;
        } catch (IllegalStateException e) {
            InternalError.report(err, e);
            return InternalError.STATUS;
        }
    }

    private int carryOut(Invocation invocation) {
        return switch (invocation) {
            case Invocation.Show show -> show(show.text());
            case Invocation.ListImages list -> show(MachineRun.images());
            case Invocation.ListParts list -> show(MachineRun.parts(list.option(), list.type()));
            case Invocation.Run run -> new MachineRun(out, err).run(ConfigReader.read(run.options()));
            case Invocation.Boot boot -> new MachineRun(out, err).boot(boot.image(), boot.options());
        };
    }

    private int show(String text) {
        out.print(text);
        out.flush();
        return 0;
    }
}
