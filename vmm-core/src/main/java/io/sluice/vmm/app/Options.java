package io.sluice.vmm.app;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/// What was said on a command line: each option with its values, in order.
final class Options {
    private final Map<Option, List<String>> said = new EnumMap<>(Option.class);
    private final List<String> words = new ArrayList<>();

    private final List<String> arguments;

    private Options(List<String> arguments) {
        this.arguments = arguments;
    }

    /// Reads arguments in QEMU's dialect: one dash or two, the value in the next argument, whatever it looks like.
    static Options parse(List<String> arguments) {
        var command = new CommandLine(specification())
                .setPosixClusteredShortOptionsAllowed(false)
                .setAllowOptionsAsOptionParameters(true)
                .setUnmatchedOptionsAllowedAsOptionParameters(true)
                .setUnmatchedOptionsArePositionalParams(false)
                .setOverwrittenOptionsAllowed(true)
                .setExpandAtFiles(false)
                .setInterpolateVariables(false);
        try {
            return read(arguments, command.parseArgs(arguments.toArray(String[]::new)));
        } catch (UnmatchedArgumentException e) {
            throw new UsageException(e.getUnmatched().getFirst() + ": invalid option");
        } catch (MissingParameterException e) {
            throw new UsageException(missing(e) + ": requires an argument");
        } catch (ParameterException e) {
            throw new UsageException(
                    String.valueOf(e.getMessage()).lines().findFirst().orElse("bad arguments"));
        }
    }

    private static String missing(MissingParameterException e) {
        return e.getMissing().isEmpty() ? "an option" : name(e.getMissing().getFirst());
    }

    private static String name(CommandLine.Model.ArgSpec missing) {
        return missing instanceof OptionSpec option ? option.names()[0] : missing.paramLabel();
    }

    private static CommandSpec specification() {
        var spec = CommandSpec.create().name("sluice");
        for (var option : Option.values()) {
            var builder = OptionSpec.builder(option.text(), "-" + option.text());
            if (option.argument() == null) {
                builder.arity("0").type(boolean.class);
            } else {
                builder.arity("1").type(List.class).auxiliaryTypes(String.class).paramLabel(option.argument());
            }
            spec.addOption(builder.build());
        }
        spec.addPositional(PositionalParamSpec.builder()
                .paramLabel("WORD")
                .arity("0..*")
                .type(List.class)
                .auxiliaryTypes(String.class)
                .build());
        return spec;
    }

    private static Options read(List<String> arguments, CommandLine.ParseResult parsed) {
        var options = new Options(List.copyOf(arguments));
        for (var option : Option.values()) {
            if (parsed.hasMatchedOption(option.text())) {
                options.said.put(option, parsed.matchedOption(option.text()).stringValues());
            }
        }
        for (var positional : parsed.matchedPositionals()) {
            positional.stringValues().stream().distinct().forEach(options.words::add);
        }
        return options;
    }

    /// These options with others said before them, which they overrule where only the last counts.
    Options after(List<String> earlier) {
        var all = new ArrayList<>(earlier);
        all.addAll(arguments);
        return parse(all);
    }

    /// What stood there and belongs to no option.
    List<String> words() {
        return words;
    }

    boolean has(Option option) {
        return said.containsKey(option);
    }

    List<String> all(Option option) {
        return said.getOrDefault(option, List.of());
    }

    /// The last value, which is the one that counts.
    @Nullable
    String last(Option option) {
        var values = all(option);
        return values.isEmpty() ? null : values.getLast();
    }
}
