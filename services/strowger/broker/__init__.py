"""How Strowger meets Kafka: connections, topic provisioning, the embedded broker."""
