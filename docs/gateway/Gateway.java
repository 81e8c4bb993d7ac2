import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.*;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.*;

/** A gateway between Busbar and chargers: java -cp 'LIBS/*' Gateway.java BROKERS PREFIX SITE_FILE */
public final class Gateway {
    static final ObjectMapper JSON = new ObjectMapper();
    static final int SEND_EVERY_S = 5;
    static final int NEWEST = 500;

    /** Stands for a charger with one connector, at which a vehicle takes all it may. Put yours here. */
    static final class Charger {
        final String id;
        final long ratingW, fallbackW;
        private long limitW, cycleSeq;
        private Instant lapsesAt = Instant.MIN;
        String said;

        Charger(JsonNode configured) {
            id = configured.get("charge_point_id").asText();
            ratingW = configured.get("max_power_w").asLong();
            fallbackW = configured.path("fallback_power_w").asLong(ratingW);
        }

        /** Give it a limit that it drops by itself at an instant, whatever happens to this program (duties 5 and 8). */
        void limit(long watts, Instant until, long cycle) {
            limitW = watts;
            lapsesAt = until;
            cycleSeq = cycle;
        }

        boolean isLimited() { return Instant.now().isBefore(lapsesAt); }

        long powerW() { return Math.min(isLimited() ? limitW : fallbackW, ratingW); }

        String status() { return powerW() > 0 ? "Charging" : "SuspendedEVSE"; }

        /** What it says of itself: what is not known stays null, a limit is what was read back (duty 2). */
        ObjectNode reading() {
            ObjectNode reading = JSON.createObjectNode().put("connector_id", 1);
            reading.put("status", said = status()).put("power_w", powerW());
            reading.put("applied_limit_w", isLimited() ? limitW : fallbackW);
            return reading.put("applied_cycle_seq", isLimited() ? cycleSeq : null);
        }
    }

    final Map<String, Charger> chargers = new LinkedHashMap<>();
    final String microgrid, prefix;
    long newestCycle, sequence;

    Gateway(JsonNode site, String prefix) {
        this.microgrid = site.get("microgrid_id").asText();
        this.prefix = prefix;
        for (JsonNode each : site.get("charge_points"))
            chargers.put(each.get("charge_point_id").asText(), new Charger(each));
    }

    /** Obey the newest cycle alone (duty 4), for as long as its setpoints hold (duty 5). */
    void hear(ConsumerRecord<String, byte[]> record) throws Exception {
        Header type = record.headers().lastHeader("ce_type");
        boolean isCycle = type != null && text(type.value()).equals("busbar.cycle.completed.v1");
        if (!isCycle || !microgrid.equals(record.key())) return;
        JsonNode cycle = JSON.readTree(record.value());
        long cycleSeq = cycle.get("cycle_seq").asLong();
        if (cycleSeq <= newestCycle) return;
        newestCycle = cycleSeq;
        Instant decidedAt = OffsetDateTime.parse(cycle.get("decided_at").asText()).toInstant();
        for (JsonNode each : cycle.get("setpoints")) {
            Charger charger = chargers.get(each.get("charge_point_id").asText());
            if (charger == null || each.get("limit_w").isNull()) continue;
            Instant until = decidedAt.plusSeconds(each.get("valid_for_s").asLong());
            charger.limit(each.get("limit_w").asLong(), until, cycleSeq);
        }
    }

    /** A message of a charger. Java's default partitioner puts it where Busbar looks for its key (duty 1). */
    ProducerRecord<String, byte[]> message(Charger charger) throws Exception {
        // Rises over restarts too: the clock in milliseconds, or one more than before.
        sequence = Math.max(sequence + 1, System.currentTimeMillis());
        ObjectNode data = JSON.createObjectNode().put("microgrid_id", microgrid).put("charge_point_id", charger.id);
        data.put("sequence", sequence).put("measured_at", Instant.now().toString());
        data.putArray("connectors").add(charger.reading());
        var record = new ProducerRecord<>(prefix + ".telemetry", microgrid, JSON.writeValueAsBytes(data));
        var attributes = Map.of("ce_specversion", "1.0", "ce_id", charger.id + "/" + sequence, "ce_source",
            "urn:example:gateway", "ce_type", "charge_point.telemetry.v1", "content-type", "application/json");
        attributes.forEach((name, value) -> record.headers().add(name, value.getBytes(StandardCharsets.UTF_8)));
        return record;
    }

    /** Every charger gives a sign of life and a reading every few seconds, and at once where its status changes (3). */
    void run(Consumer<String, byte[]> events, Producer<String, byte[]> telemetry) throws Exception {
        Instant due = Instant.now();
        while (true) {
            for (var record : events.poll(Duration.ofMillis(200))) hear(record);
            boolean isDue = !Instant.now().isBefore(due);
            if (isDue) due = Instant.now().plusSeconds(SEND_EVERY_S);
            for (Charger charger : chargers.values())
                if (isDue || !charger.status().equals(charger.said)) telemetry.send(message(charger));
        }
    }

    static String text(byte[] bytes) { return new String(bytes, StandardCharsets.UTF_8); }

    public static void main(String[] arguments) throws Exception {
        var gateway = new Gateway(JSON.readTree(new java.io.File(arguments[2])), arguments[1]);
        Map<String, Object> brokers = Map.of("bootstrap.servers", arguments[0]);
        try (var events = new KafkaConsumer<>(brokers, new StringDeserializer(), new ByteArrayDeserializer());
            var telemetry = new KafkaProducer<>(brokers, new StringSerializer(), new ByteArraySerializer())) {
            // No group: every gateway reads all events, from the newest few on, so that it knows what holds now.
            var partitions = new ArrayList<TopicPartition>();
            events.partitionsFor(gateway.prefix + ".events").forEach(each ->
                partitions.add(new TopicPartition(each.topic(), each.partition())));
            events.assign(partitions);
            var begins = events.beginningOffsets(partitions);
            events.endOffsets(partitions).forEach((each, end) ->
                events.seek(each, Math.max(begins.get(each), end - NEWEST)));
            gateway.run(events, telemetry);
        }
    }
}
