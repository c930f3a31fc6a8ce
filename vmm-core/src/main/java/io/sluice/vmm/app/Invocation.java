package io.sluice.vmm.app;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a command line asks for.
sealed interface Invocation {
    /// Text for standard output, and that is all.
    record Show(String text) implements Invocation {}

    /// The list of guest images.
    record ListImages() implements Invocation {}

    /// What `-device` or `-object` can name; with `type`, the properties of that one.
    record ListParts(Option option, @Nullable String type) implements Invocation {}

    /// A machine as the options describe it.
    record Run(Options options) implements Invocation {}

    /// An image of the catalogue; without a name the one that suits this host.
    record Boot(@Nullable String image, Options options) implements Invocation {}

    /// @throws UsageException if that is no command line of ours
    static Invocation parse(List<String> arguments) {
        var command = arguments.isEmpty() ? "help" : arguments.getFirst();
        return switch (command) {
            case "help", "--help" -> new Show(HelpText.usage());
            case "version" -> new Show(HelpText.version());
            case "images" -> images(arguments.subList(1, arguments.size()));
            case "boot" -> boot(Options.parse(arguments.subList(1, arguments.size())));
            default -> run(Options.parse(arguments));
        };
    }

    private static Invocation images(List<String> rest) {
        if (!rest.isEmpty()) {
            throw new UsageException("images: takes no '" + rest.getFirst() + "'");
        }
        return new ListImages();
    }

    private static Invocation boot(Options options) {
        var question = question(options);
        if (question != null) {
            return question;
        }
        for (var option : List.of(Option.KERNEL, Option.INITRD)) {
            if (options.has(option)) {
                throw new UsageException(option.text() + ": 'boot' takes it from the image; leave out one of the two");
            }
        }
        var words = options.words();
        if (words.size() > 1) {
            throw new UsageException("boot: takes one image, not also '" + words.get(1) + "'");
        }
        return new Boot(words.isEmpty() ? null : words.getFirst(), options);
    }

    private static Invocation run(Options options) {
        var question = question(options);
        if (question != null) {
            return question;
        }
        if (!options.words().isEmpty()) {
            throw new UsageException(options.words().getFirst()
                    + ": neither an option nor a command; the commands are boot, images and help");
        }
        return new Run(options);
    }

    /// The answer, if a question was asked among the options; QEMU answers the same ones.
    private static @Nullable Invocation question(Options options) {
        if (options.has(Option.HELP) || options.has(Option.H)) {
            return new Show(HelpText.usage());
        }
        if (options.has(Option.VERSION)) {
            return new Show(HelpText.version());
        }
        for (var option : Option.values()) {
            for (var value : options.all(option)) {
                var answer = HelpText.answer(option, value);
                if (answer != null) {
                    return answer;
                }
            }
        }
        return null;
    }
}
