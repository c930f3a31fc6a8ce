package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.iommu.ReservedRegion;
import io.sluice.vfio.host.iommu.TableFormat;
import io.sluice.vfio.host.iommu.UnitSettings;
import io.sluice.vmm.pci.Acs;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads the objects of a description, each by itself: [ConfigCheck] looks at how they stand to one another.
final class ConfigReader {
    private static final Map<String, Integer> ACS = new LinkedHashMap<>();
    private static final Map<String, TableFormat> FORMATS = new LinkedHashMap<>();
    private static final String NAME = "[A-Za-z][A-Za-z0-9_-]{0,62}";

    static {
        ACS.put("sv", Acs.SOURCE_VALIDATION);
        ACS.put("tb", Acs.TRANSLATION_BLOCKING);
        ACS.put("rr", Acs.REQUEST_REDIRECT);
        ACS.put("cr", Acs.COMPLETION_REDIRECT);
        ACS.put("uf", Acs.UPSTREAM_FORWARDING);
        ACS.put("dt", Acs.DIRECT_TRANSLATED);
        FORMATS.put("vtd-48", TableFormat.VTD_48);
        FORMATS.put("vtd-57", TableFormat.VTD_57);
    }

    private ConfigReader() {}

    // ---- IOMMUs

    static List<UnitSettings> iommus(ConfigFields fields) {
        if (!fields.has("iommus")) {
            return List.of(UnitSettings.vtd("dmar0"));
        }
        var units = new ArrayList<UnitSettings>();
        var names = new HashSet<String>();
        for (var unit : fields.objects("iommus")) {
            var settings = iommu(unit);
            if (!names.add(settings.name())) {
                throw unit.wrong("name", "\"" + settings.name() + "\" is another's name already; choose another");
            }
            units.add(settings);
        }
        if (units.isEmpty()) {
            throw fields.wrong("iommus", "is empty; describe one, or leave the member out");
        }
        return units;
    }

    private static UnitSettings iommu(ConfigFields unit) {
        var name = name(unit);
        var usual = UnitSettings.vtd(name);
        var word = unit.text("pages");
        var format = word == null ? usual.format() : FORMATS.get(word);
        if (format == null) {
            throw unit.wrong("pages", "is \"" + word + "\"; there are " + String.join(", ", FORMATS.keySet()));
        }
        long first = unit.number("first-address", 0, format.last(), 0);
        long last = unit.number("last-address", first, format.last(), format.last());
        var settings = new UnitSettings(
                name,
                format,
                first,
                last,
                unit.flag("dirty-tracking", usual.dirtyTracking()),
                (int) unit.number("pasid-bits", 0, 20, usual.pasidBits()),
                unit.flag("nesting", usual.nesting()),
                unit.flag("page-requests", usual.pageRequests()),
                unit.flag("coherency", usual.enforcesCoherency()),
                unit.flag("interrupt-remapping", usual.interruptRemapping()),
                unit.number("cap", 0, Long.MAX_VALUE, usual.cap()),
                unit.number("ecap", 0, Long.MAX_VALUE, usual.ecap()));
        unit.done();
        return settings;
    }

    private static String name(ConfigFields fields) {
        var name = fields.needText("name");
        if (!name.matches(NAME)) {
            throw fields.wrong("name", "\"" + name + "\" is no name; take a letter, then letters, digits, '-' and '_'");
        }
        return name;
    }

    // ---- functions

    static FunctionConfig function(ConfigFields fields) {
        var name = name(fields);
        var kind = kind(fields);
        var device = device(fields, kind);
        var features = features(fields, kind);
        var config = new FunctionConfig(
                fields.where("name"),
                name,
                kind,
                fields.text("behind"),
                place(fields, "at"),
                fields.text("iommu"),
                device,
                kind.isDevice() ? fields.properties("properties") : Map.of(),
                features,
                vfs(fields, kind),
                quirks(fields),
                kind.isDevice() ? reserved(fields) : List.of(),
                kind.bridge() != null && fields.flag("hot-plug", false));
        fields.done();
        return config;
    }

    private static FunctionKind kind(ConfigFields fields) {
        var word = fields.needText("type");
        var kind = FunctionKind.of(word);
        if (kind == null) {
            throw fields.wrong("type", "is \"" + word + "\"; there are " + FunctionKind.words());
        }
        return kind;
    }

    private static @Nullable String device(ConfigFields fields, FunctionKind kind) {
        return kind.isDevice() ? fields.needText("device") : null;
    }

    private static int place(ConfigFields fields, String key) {
        var at = fields.text(key);
        return at == null ? -1 : place(fields, key, at);
    }

    private static int place(ConfigFields fields, String key, String at) {
        if (!at.matches("[01]?[0-9a-f]\\.[0-7]")) {
            throw fields.wrong(key, "\"" + at + "\" is no device and function; write them as 1c.0");
        }
        int dot = at.indexOf('.');
        return Integer.parseInt(at.substring(0, dot), 16) << 3 | at.charAt(dot + 1) - '0';
    }

    private static FunctionConfig.Features features(ConfigFields fields, FunctionKind kind) {
        if (!kind.isExpress()) {
            return new FunctionConfig.Features(-1, 0, 0, 0, 0, false, false, false, false, coherent(fields, kind));
        }
        int acs = acs(fields);
        int off = services(fields, "acs-off");
        if (off != 0 && acs < 0) {
            throw fields.wrong("acs-off", "turns off what is not there; give acs too");
        }
        if (!kind.isDevice()) {
            return new FunctionConfig.Features(acs, off, 0, 0, 0, false, false, false, false, true);
        }
        int ats = count(fields, "ats", "queue-depth", 32, 32);
        int pri = count(fields, "pri", "capacity", 32, 1 << 16);
        if (pri > 0 && ats == 0) {
            throw fields.wrong("pri", "needs translations to ask for; give ats too");
        }
        var pasid = fields.feature("pasid");
        int bits = pasid == null ? 0 : (int) pasid.number("bits", 1, 20, 20);
        boolean execute = pasid != null && pasid.flag("execute", false);
        boolean privileged = pasid != null && pasid.flag("privileged", false);
        if (pasid != null) {
            pasid.done();
        }
        return new FunctionConfig.Features(
                acs,
                off,
                ats,
                pri,
                bits,
                execute,
                privileged,
                fields.flag("ari", false),
                fields.flag("flr", true),
                coherent(fields, kind));
    }

    private static boolean coherent(ConfigFields fields, FunctionKind kind) {
        return !kind.isDevice() || fields.flag("coherent", true);
    }

    private static int count(ConfigFields fields, String key, String what, int usual, int most) {
        var feature = fields.feature(key);
        if (feature == null) {
            return 0;
        }
        int value = (int) feature.number(what, 1, most, usual);
        feature.done();
        return value;
    }

    private static int acs(ConfigFields fields) {
        if (fields.isList("acs")) {
            return services(fields, "acs");
        }
        return fields.flag("acs", false) ? Acs.ISOLATION : -1;
    }

    private static int services(ConfigFields fields, String key) {
        int services = 0;
        for (var word : fields.texts(key)) {
            var service = ACS.get(word);
            if (service == null) {
                throw fields.wrong(key, "has \"" + word + "\" in it; there are " + String.join(", ", ACS.keySet()));
            }
            services |= service;
        }
        return services;
    }

    private static FunctionConfig.@Nullable Vfs vfs(ConfigFields fields, FunctionKind kind) {
        if (!kind.isDevice() || !kind.isExpress()) {
            return null;
        }
        var sriov = fields.object("sriov");
        if (sriov == null) {
            return null;
        }
        var each = sriov.objects("vfs").stream().map(ConfigFields::asProperties).toList();
        int total = (int) sriov.number("total", 1, 255, each.size());
        if (total == 0) {
            throw sriov.wrong("total", "is missing; say how many there are, or describe them in vfs");
        }
        if (!each.isEmpty() && each.size() != total) {
            throw sriov.wrong("vfs", "describes " + each.size() + " of " + total + "; describe all, or none");
        }
        var properties = each.isEmpty() ? java.util.Collections.nCopies(total, Map.<String, String>of()) : each;
        var vfs = new FunctionConfig.Vfs(
                total,
                (int) sriov.number("first-offset", 1, 255, 1),
                (int) sriov.number("stride", 1, 255, 1),
                (int) sriov.number("device-id", 0, 0xFFFF, -1),
                properties);
        sriov.done();
        return vfs;
    }

    private static FunctionConfig.Quirks quirks(ConfigFields fields) {
        var quirks = fields.object("quirks");
        if (quirks == null) {
            return FunctionConfig.Quirks.NONE;
        }
        var aliases = quirks.texts("aliases").stream()
                .map(at -> place(quirks, "aliases", at))
                .toList();
        Boolean isolated = quirks.has("isolated") ? (Boolean) quirks.flag("isolated", false) : null;
        var found = new FunctionConfig.Quirks(isolated, aliases, quirks.flag("bridge-alias", false));
        quirks.done();
        return found;
    }

    private static List<ReservedRegion> reserved(ConfigFields fields) {
        var regions = new ArrayList<ReservedRegion>();
        for (var region : fields.objects("reserved")) {
            long first = region.number("first", 0, Long.MAX_VALUE, -1);
            long last = region.number("last", first, Long.MAX_VALUE, -1);
            if (first < 0 || last < 0) {
                throw region.wrong(first < 0 ? "first" : "last", "is missing; give both ends of the region");
            }
            regions.add(new ReservedRegion(first, last, reservedKind(region)));
            region.done();
        }
        return regions;
    }

    private static ReservedRegion.Kind reservedKind(ConfigFields region) {
        var word = region.text("kind");
        if (word == null) {
            return ReservedRegion.Kind.RESERVED;
        }
        for (var kind : ReservedRegion.Kind.values()) {
            if (kind.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(word)) {
                return kind;
            }
        }
        throw region.wrong("kind", "is \"" + word + "\"; there are direct, direct-relaxable, reserved, msi, sw-msi");
    }
}
