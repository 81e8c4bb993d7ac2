"""Apache Kafka by aiokafka: a consumer group's source, the publisher, the topics."""
